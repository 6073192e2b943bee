# What is run when. Labels: `quick` are run after each edit, all of them together in well under a
# minute; `full` are left to `./run test --full`; `oclgrind` are the interpreter's. COST is seconds of
# processor time from cold caches, roughly: of tests side by side the longest begin first.
function(ebb_schedule cost labels)
  foreach(name ${ARGN})
    if(TEST ${name})
      set_tests_properties(${name} PROPERTIES COST ${cost})
      set_property(TEST ${name} APPEND PROPERTY LABELS ${labels})
    endif()
  endforeach()
endfunction()

ebb_schedule(1 quick test_activation_text test_amount_date test_arff test_base test_cache_files test_columns test_csv_cases
             test_csv_header test_csv_hostile test_csv_layout test_csv_values test_data_arrays
             test_data_dataset test_data_hostile test_data_reading test_data_split test_device
             test_device_fork test_device_hangs test_device_limits
             test_encoder_categories test_encoder_json test_encoder_missing test_encoder_numbers
             test_encoder_robust test_encoder_target test_file test_fingerprint test_formats_arrays test_formats_hostile
             test_formats_text test_formats_write test_formula test_json test_line_search test_match test_model test_model_files
             test_no_memory test_ops test_options test_pocl_cache test_reference test_reference_nodes test_reference_rules test_rng test_safetensors
             test_safetensors_checksum test_scores test_scores_loss test_sequence test_simple test_spec test_spec_kinds test_table_cases
             test_tables_found test_target test_texts_found test_torch_files test_writer test_writer_sweep
             test_writer_try headers features format run cli_usage)
ebb_schedule(3 quick test_checkpoint test_checkpoint_damage test_checkpoint_end test_checkpoint_files
             test_checkpoint_memory test_checkpoint_terms test_checkpoint_versions test_elementary test_graph test_lbfgs test_norms test_kernel_cache test_profiling test_schedule test_find_rate test_stream test_stream_plan test_trainer test_trainer_best test_trainer_state test_update_tensors test_updates test_weights
             test_members test_sentinel
             test_kernel_folder test_threads
             test_data_cells test_data_names test_data_budget test_data_memory test_data_sweep
             test_fuzz_found
             test_data_no_memory
             test_tune test_tune_precision cli_eval cli_faults cli_files cli_losses cli_profile cli_stream structure test_exec)
ebb_schedule(10 quick test_matmul_gpu cli_best cli_checkpoint cli_data
             cli_config cli_rows cli_schedule cli_train golden)
ebb_schedule(5 quick opencl test_opencl_checker)
ebb_schedule(120 full opencl_all)
ebb_schedule(6 full test_formula_device)
ebb_schedule(20 full cli_tune)
ebb_schedule(100 quick test_kernels)
ebb_schedule(12 "" test_verify cli_verify) # after test_kernels, which compiles their programs
ebb_schedule(35 quick cli_signals)
ebb_schedule(15 "" cli_cases consumer_subproject cli_real readme)
ebb_schedule(25 "" cli_cache)
ebb_schedule(40 full test_precision test_precision_training test_sentinel_bounds test_kernel_work test_step_forms test_whole_groups)
ebb_schedule(30 full cli_bench cli_precision consumer_static golden_gpu gpu structure_proof test_sentinel_faults_0 test_sentinel_faults_1
             test_verify_faults_0 test_verify_faults_1 test_verify_faults_2 test_verify_faults_3)
ebb_schedule(12 "" fault_sweep fault_hangs)
ebb_schedule(15 "" cli_allocations cli_io cli_kills)
ebb_schedule(60 full cli_kills_all recipes)
foreach(share RANGE 9)
  ebb_schedule(450 full cli_allocations_${share} fault_errors_${share} fault_lies_${share})
endforeach()
ebb_schedule(60 full gpu_code test_gpu_form)
ebb_schedule(90 full test_kernels_all test_verify_all verify_all)
ebb_schedule(300 full fault_flips_0 fault_flips_1 fault_flips_2 fault_flips_3 fault_spoofs_all fault_hangs_all)
ebb_schedule(600 full quality)

if(EBB_SANITIZE) # the release build has measured already, and has run these kernels and this many processes
  ebb_schedule(40 full cli_best cli_cases cli_checkpoint cli_config cli_data cli_eval cli_faults cli_files cli_io cli_kills cli_losses cli_rows cli_schedule cli_signals cli_train cli_tune
               fault_hangs fault_sweep test_data_memory test_precision test_precision_training)
endif()
