using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;
using static TorchSharp.torch;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// One run, from a job to its bundle. The same job on the same machine gives the same bytes.
/// </summary>
sealed class TrainingRun : IDisposable
{
    readonly TrainerJob _job;
    readonly TrainingSpec _spec;
    readonly Action<TrainerEvent> _report;
    readonly ModelFolder _base;
    readonly Dictionary<string, Tensor> _weights;
    readonly LoraWeights? _lora;
    readonly SortedDictionary<string, Tensor> _trained;
    readonly Optimizer _optimizer;
    readonly Decoder _decoder;
    readonly Checkpoints _checkpoints;
    readonly StepSource _source;
    readonly Stopwatch _clock = new();
    long _tokens;
    long _tokensBefore;
    int _startStep;
    TimeSpan _cpuBefore;

    /// <exception cref="BadInputException">What lies on disk is not what the spec names.</exception>
    public TrainingRun(TrainerJob job, Action<TrainerEvent> report)
    {
        _job = job;
        _spec = job.Spec.Validated();
        _report = report;
        set_num_threads(_spec.Threads);
        _base = ModelFolder.Open(job.BaseFolder);
        JobCheck.Verify(job, _base);
        _weights = _base.HasWeights ? Weights.Load(_base) : Weights.Draw(_base.Config, _spec.Seed);
        _lora = job.InitialAdapterFolder is { } adapter ? LoraWeights.Load(adapter, _base.Config)
            : _spec.Lora is { } lora ? LoraWeights.Draw(lora, _base.Config, _spec.Seed)
            : null;
        _trained = _lora?.Factors ?? new SortedDictionary<string, Tensor>(_weights, StringComparer.Ordinal);
        _source = StepSource.Of(job, _base);
        _optimizer = new Optimizer(_spec, _trained);
        _decoder = new Decoder(_base.Config, _weights, _lora, _spec.Precision, _spec.SequenceTokens);
        _checkpoints = new Checkpoints(job.CheckpointFolder, _spec.Hash);
    }

    public void Run()
    {
        if (_spec.Method == TrainingMethod.Dpo)
            _source.PrepareReference(_decoder);
        _startStep = Resume();
        _tokensBefore = _tokens;
        _cpuBefore = Environment.CpuUsage.TotalTime;
        _clock.Start();
        _report(Event(_startStep > 0 ? "resumed" : "started", _startStep, null));
        for (var step = _startStep; step < _source.Steps; step++)
        {
            var loss = Step(step);
            if (!double.IsFinite(loss))
            {
                throw new BadInputException($"step {step + 1}: the loss is {loss}; "
                    + "expected a lower learning rate");
            }
            _report(Event("step", step + 1, loss));
            if ((step + 1) % _job.CheckpointSteps == 0 && step + 1 < _source.Steps)
            {
                Save(step + 1);
                _report(Event("checkpoint", step + 1, loss));
            }
        }
        Bundle.Write(_job, _base, _lora, _trained);
        _checkpoints.Clear();
        _report(Event("done", _source.Steps, null));
    }

    public void Dispose() => _base.Dispose();

    double Step(int step)
    {
        using var scope = NewDisposeScope();
        var (backward, loss) = _source.Loss(_decoder, step, out var tokens);
        backward.backward();
        _optimizer.Step(step, RateSchedule.At(step, _source.Steps, _spec.WarmupSteps, _spec.DecayShare));
        _tokens += tokens;
        return loss;
    }

    int Resume()
    {
        if (_checkpoints.Newest() is not { } found)
            return 0;
        using var file = found.File;
        using var _ = no_grad();
        foreach (var (name, parameter) in _trained)
        {
            using var stored = Weights.Of(file.Read(name), parameter.shape);
            parameter.copy_(stored);
        }
        _optimizer.Load(file);
        _tokens = long.Parse(file.Metadata["tokens"], CultureInfo.InvariantCulture);
        return found.Step;
    }

    void Save(int step) => _checkpoints.Write(
        step, _trained.Select(p => Weights.Save(p.Key, p.Value)).Concat(_optimizer.Save()),
        new Dictionary<string, string> { ["tokens"] = _tokens.ToString(CultureInfo.InvariantCulture) });

    TrainerEvent Event(string kind, int step, double? loss)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        var left = step > _startStep ? seconds / (step - _startStep) * (_source.Steps - step) : (double?)null;
        return new TrainerEvent
        {
            Kind = kind,
            Step = step,
            Steps = _source.Steps,
            Loss = loss,
            Tokens = _tokens,
            TokensPerSecond = step > _startStep ? (_tokens - _tokensBefore) / seconds : null,
            CpuSeconds = (Environment.CpuUsage.TotalTime - _cpuBefore).TotalSeconds,
            SecondsLeft = left,
            UsdLeft = left * _job.UsdPerHour / 3600,
        };
    }
}
