using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;
using static TorchSharp.torch;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// AdamW, and Muon for the matrices of the layers where the spec asks for it. Its whole state is tensors by
/// name, so a checkpoint holds it and a resumed run is the run that was not interrupted.
/// </summary>
sealed class Optimizer
{
    const double Beta1 = 0.9;
    const double Beta2 = 0.95;
    const double Epsilon = 1e-8;
    const double Momentum = 0.95;
    const int NewtonSchulzSteps = 5;

    readonly TrainingSpec _spec;
    readonly SortedDictionary<string, Tensor> _trained;
    readonly Dictionary<string, Tensor> _state = new(StringComparer.Ordinal);

    public Optimizer(TrainingSpec spec, SortedDictionary<string, Tensor> trained)
    {
        _spec = spec;
        _trained = trained;
        foreach (var (name, parameter) in trained)
        {
            parameter.requires_grad = true;
            _state[name + "/m"] = zeros_like(parameter, requires_grad: false);
            if (!UsesMuon(name))
                _state[name + "/v"] = zeros_like(parameter, requires_grad: false);
        }
    }

    public IEnumerable<NamedTensor> Save() => _state.Select(s => Weights.Save("optimizer/" + s.Key, s.Value));

    public void Load(Safetensors checkpoint)
    {
        using var _ = no_grad();
        foreach (var (name, state) in _state)
        {
            using var stored = Weights.Of(checkpoint.Read("optimizer/" + name), state.shape);
            state.copy_(stored);
        }
    }

    /// <summary>One step with the gradients that lie on the parameters, which it clears.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="factor">Of the schedule.</param>
    public void Step(int step, double factor)
    {
        using var _ = no_grad();
        Clip();
        foreach (var (name, parameter) in _trained)
        {
            var gradient = parameter.grad;
            if (gradient is null)
                continue;
            if (UsesMuon(name))
                Muon(name, parameter, gradient, _spec.MuonLearningRate!.Value * factor);
            else
                AdamW(name, parameter, gradient, step, _spec.LearningRate * factor);
            gradient.zero_();
        }
    }

    bool UsesMuon(string name) => _spec.MuonLearningRate is not null
        && name.EndsWith("_proj.weight", StringComparison.Ordinal);

    void Clip()
    {
        var sum = 0.0;
        foreach (var parameter in _trained.Values)
        {
            if (parameter.grad is { } gradient)
                sum += Math.Pow(gradient.norm().item<float>(), 2);
        }
        var norm = Math.Sqrt(sum);
        if (norm <= _spec.ClipNorm)
            return;
        foreach (var parameter in _trained.Values)
            parameter.grad?.mul_(_spec.ClipNorm / norm);
    }

    void AdamW(string name, Tensor parameter, Tensor gradient, int step, double rate)
    {
        var (m, v) = (_state[name + "/m"], _state[name + "/v"]);
        m.mul_(Beta1).add_(gradient, alpha: 1 - Beta1);
        v.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
        if (_spec.WeightDecay > 0 && parameter.shape.Length > 1)
            parameter.mul_(1 - rate * _spec.WeightDecay);
        var deviation = (v / (1 - Math.Pow(Beta2, step + 1))).sqrt_().add_(Epsilon);
        parameter.addcdiv_(m, deviation, -rate / (1 - Math.Pow(Beta1, step + 1)));
    }

    // Momentum, then the nearest orthogonal matrix by Newton-Schulz: every direction is learned at one rate.
    void Muon(string name, Tensor parameter, Tensor gradient, double rate)
    {
        var m = _state[name + "/m"];
        m.mul_(Momentum).add_(gradient);
        var update = gradient.add(m, alpha: Momentum);
        var tall = parameter.shape[0] > parameter.shape[1];
        var x = tall ? update.t() : update;
        x = x / (x.norm() + 1e-7);
        for (var i = 0; i < NewtonSchulzSteps; i++)
        {
            var square = x.mm(x.t());
            x = 3.4445 * x + (-4.7750 * square + 2.0315 * square.mm(square)).mm(x);
        }
        var scale = Math.Sqrt(Math.Max(1, (double)parameter.shape[0] / parameter.shape[1]));
        parameter.add_(tall ? x.t() : x, alpha: -rate * scale);
    }
}
