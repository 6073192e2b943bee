"""Trains the same network from the same weights with ebb and with PyTorch and compares the weights.

Usage: torch_parity.py EBB_TOOL DIGITS_CSV. Exits 77 (skipped) where PyTorch is not installed. Three
epochs, unshuffled, with a partial last batch; weights must agree within 1e-4 relative: the largest
difference against the largest weight, tensor by tensor. PyTorch computes in double precision: its
float32 GELU loses the tail (1 + erf(x) is 0 where x < -3.9), and Adam makes steps of that.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

BATCH, EPOCHS, BOUND = 50, 3, 1e-4
SPEC = "64-48gelu-32tanh-10"


def write_safetensors(path, tensors):
    """As the safetensors library writes it for PyTorch: no metadata."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.detach().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    with open(path, "rb") as file:
        raw = file.read()
    size = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8:8 + size]), raw[8 + size:]
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in header.items()}


def make_network():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(64, 48), torch.nn.GELU(), torch.nn.Linear(48, 32),
                               torch.nn.Tanh(), torch.nn.Linear(32, 10))


def train_torch(network, x, labels, optimizer):
    loss_function = torch.nn.CrossEntropyLoss()
    for _ in range(EPOCHS):
        for start in range(0, len(x), BATCH):
            optimizer.zero_grad()
            loss = loss_function(network(x[start:start + BATCH]), labels[start:start + BATCH])
            loss.backward()
            optimizer.step()


def compare(tool, csv, folder, name, flags, make_optimizer):
    rows = np.loadtxt(csv, delimiter=",", skiprows=1, dtype=np.float32)
    x, labels = torch.from_numpy(rows[:, :-1].copy()), torch.from_numpy(rows[:, -1].astype("int64"))
    network = make_network()
    init, out = os.path.join(folder, "init.safetensors"), os.path.join(folder, "out.safetensors")
    write_safetensors(init, network.state_dict())
    network.double()
    train_torch(network, x.double(), labels, make_optimizer(network.parameters()))
    subprocess.run([tool, "train", "--data", csv, "--model", SPEC, "--init", init, "--out", out,
                    "--valid", "0", "--no-shuffle", "--no-scale", "--batch", str(BATCH),
                    "--epochs", str(EPOCHS), "--quiet"] + flags, check=True,
                   stdout=subprocess.DEVNULL)
    ours, worst = read_safetensors(out), 0
    for key, tensor in network.state_dict().items():
        theirs = tensor.float().numpy()
        worst = max(worst, float(np.abs(ours[key] - theirs).max() / np.abs(theirs).max()))
    good = worst <= BOUND
    print(f"{'ok' if good else 'not ok'} {name}: worst relative difference {worst:.2e}, bound {BOUND:g}")
    return good


def main():
    tool, csv = sys.argv[1:]
    cases = [
        ("sgd with momentum", ["--optimizer", "sgd", "--momentum", "0.9", "--lr", "0.01"],
         lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
        ("sgd with nesterov and decay",
         ["--optimizer", "sgd", "--momentum", "0.9", "--nesterov", "--weight-decay", "0.001", "--lr", "0.01"],
         lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.001)),
        ("adam", ["--optimizer", "adam", "--lr", "0.001"], lambda p: torch.optim.Adam(p, lr=0.001)),
        ("adamw", ["--optimizer", "adamw", "--lr", "0.001", "--weight-decay", "0.01"],
         lambda p: torch.optim.AdamW(p, lr=0.001, weight_decay=0.01)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        results = [compare(tool, csv, folder, *case) for case in cases]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
