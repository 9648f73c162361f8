"""Trains what tune-figures torch-speed has written, with plain PyTorch: the same weights, batches and optimiser,
losses over the learned tokens only. Prints tokens per processor second and the losses as JSON."""
import json
import math
import struct
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
work, lora_rank = sys.argv[1], int(sys.argv[2])
with open(f"{work}/model/config.json") as f:
    config = json.load(f)
hidden, layers = config["hidden_size"], config["num_hidden_layers"]
heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
size = config.get("head_dim") or hidden // heads


def load(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        body = f.read()
    types = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    return {name: torch.frombuffer(bytearray(body[slice(*t["data_offsets"])]), dtype=types[t["dtype"]])
            .reshape(t["shape"]).float() for name, t in header.items() if name != "__metadata__"}


weights = load(f"{work}/model/model.safetensors")
torch.manual_seed(1)
factors = {}
if lora_rank:
    for name, w in weights.items():
        if name.endswith("_proj.weight"):
            bound = 1 / math.sqrt(w.shape[1])
            a = torch.empty(lora_rank, w.shape[1]).uniform_(-bound, bound).requires_grad_()
            factors[name] = a, torch.zeros(w.shape[0], lora_rank, requires_grad=True)
trained = [f for pair in factors.values() for f in pair] or [w.requires_grad_() for w in weights.values()]


def project(x, name):
    y = F.linear(x, weights[name])
    if name in factors:
        a, b = factors[name]
        y = y + F.linear(F.linear(x, a), b) * 2.0
    return y


def norm(x, name):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"]) * weights[name]


theta = config.get("rope_theta", 10000.0)
frequencies = theta ** (-torch.arange(0, size, 2).float() / size)


def rotate(x, cos, sin):
    half = size // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


def loss_of(batch):
    rows, length = batch["rows"], batch["length"]
    tokens = torch.tensor(batch["tokens"]).reshape(rows, length)
    angles = torch.tensor(batch["positions"]).reshape(rows, 1, length, 1) * torch.cat((frequencies, frequencies))
    cos, sin = angles.cos(), angles.sin()
    segments = torch.tensor(batch["segments"]).reshape(rows, length)
    sees = (segments.unsqueeze(2) == segments.unsqueeze(1)) & torch.ones(length, length).tril().bool()
    mask = torch.zeros(rows, 1, length, length).masked_fill_(~sees.unsqueeze(1), float("-inf"))
    x = F.embedding(tokens, weights["model.embed_tokens.weight"])
    for layer in range(layers):
        at = f"model.layers.{layer}."
        h = norm(x, at + "input_layernorm.weight")
        q, k, v = (project(h, f"{at}self_attn.{p}_proj.weight").reshape(rows, length, -1, size).transpose(1, 2)
                   for p in "qkv")
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (k, v))
        seen = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(size) + mask, -1) @ v
        x = x + project(seen.transpose(1, 2).reshape(rows, length, -1), at + "self_attn.o_proj.weight")
        h = norm(x, at + "post_attention_layernorm.weight")
        x = x + project(F.silu(project(h, at + "mlp.gate_proj.weight")) * project(h, at + "mlp.up_proj.weight"),
                        at + "mlp.down_proj.weight")
    targets = torch.tensor(batch["targets"])
    learned = targets != -100
    h = norm(x, "model.norm.weight").reshape(-1, hidden)[learned]
    output = "model.embed_tokens.weight" if config.get("tie_word_embeddings") else "lm_head.weight"
    return F.cross_entropy(F.linear(h, weights[output]), targets[learned])


with open(f"{work}/batches.jsonl") as f:
    batches = [json.loads(line) for line in f]
optimizer = torch.optim.AdamW(trained, lr=1e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0)
losses, started = [], time.process_time()
for batch in batches:
    loss = loss_of(batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1)
    optimizer.step()
    optimizer.zero_grad()
    losses.append(loss.item())
spent = time.process_time() - started
print(json.dumps({"version": torch.__version__, "tokens_per_cpu_second": sum(b["filled"] for b in batches) / spent,
                  "losses": losses}))
