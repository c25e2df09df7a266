"""PyTorch, eager, written as one writes it there: fused attention, fused Adam, loss from logits."""

import itertools

import torch
import torch.nn.functional as F

from worker import products_per_step, serve

device = "cuda" if torch.cuda.is_available() else "cpu"


def tensor(array):
    return torch.from_numpy(array).to(device)


def add(problem, _):
    a, b = tensor_of([[1, 2], [3, 4]]), tensor_of([[1, 0], [0, 1]])

    def step():
        for _ in range(problem.sizes["calls"]):
            torch.add(a, b)

    return step


def tensor_of(values):
    return torch.tensor(values, dtype=torch.float32, device=device)


def matmul(_, size):
    a, b = (torch.rand(size, size, device=device) * 2 - 1 for _ in range(2))

    def step():
        for _ in range(products_per_step(size)):
            last = a @ b
        last[0, 0].item()

    return step


def optimizer_of(problem, parameters):
    options = problem.adam
    betas = (options["beta1"], options["beta2"])
    return torch.optim.Adam(parameters, lr=options["rate"], betas=betas, eps=options["epsilon"], fused=True)


def step_over(problem, task, parameters, loss_of):
    optimizer = optimizer_of(problem, parameters)
    data = itertools.cycle([(tensor(x).long(), tensor(y).long()) for x, y in problem.data(task)])

    def step():
        x, y = next(data)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(x, y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def gpt(problem, _):
    sizes = problem.sizes["gpt"]
    width, heads = sizes["width"], sizes["heads"]
    w = {name: tensor(array).requires_grad_() for name, array in problem.weights("gpt").items()}

    def loss_of(x, y):
        batch, context = x.shape
        h = F.embedding(x, w["tokens"]) + w["positions"]
        for layer in range(sizes["layers"]):
            of = lambda name: w[f"{layer}/{name}"]
            a = F.layer_norm(h, (width,), of("scale1"), of("shift1"), 1e-5)
            qkv = (a @ of("qkv")).view(batch, context, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(*qkv.unbind(0), is_causal=True)
            h = h + mixed.transpose(1, 2).reshape(batch, context, width) @ of("out")
            b = F.layer_norm(h, (width,), of("scale2"), of("shift2"), 1e-5)
            h = h + F.gelu(b @ of("up"), approximate="tanh") @ of("down")
        logits = h @ w["tokens"].T
        return F.cross_entropy(logits.view(-1, sizes["vocabulary"]), y.view(-1))

    return step_over(problem, "gpt", list(w.values()), loss_of)


def lstm(problem, _):
    sizes = problem.sizes["lstm"]
    w = problem.weights("lstm")
    embedding = torch.nn.Embedding(sizes["vocabulary"], sizes["embedding"])
    recurrent = torch.nn.LSTM(sizes["embedding"], sizes["units"], batch_first=True)
    dense = torch.nn.Linear(sizes["units"], sizes["vocabulary"])
    model = torch.nn.ModuleList([embedding, recurrent, dense])
    with torch.no_grad():
        embedding.weight.copy_(torch.from_numpy(w["embedding"]))
        recurrent.weight_ih_l0.copy_(torch.from_numpy(w["kernel"].T))
        recurrent.weight_hh_l0.copy_(torch.from_numpy(w["recurrent"].T))
        recurrent.bias_ih_l0.copy_(torch.from_numpy(w["bias"]))
        # Keras has one bias where PyTorch adds two.
        recurrent.bias_hh_l0.zero_().requires_grad_(False)
        dense.weight.copy_(torch.from_numpy(w["dense"].T))
        dense.bias.copy_(torch.from_numpy(w["denseBias"]))
    model.to(device)

    def loss_of(x, y):
        logits = dense(recurrent(embedding(x))[0])
        return F.cross_entropy(logits.view(-1, sizes["vocabulary"]), y.view(-1))

    return step_over(problem, "lstm", [p for p in model.parameters() if p.requires_grad], loss_of)


serve(torch.__version__, {"add": add, "matmul": matmul, "gpt": gpt, "lstm": lstm})
