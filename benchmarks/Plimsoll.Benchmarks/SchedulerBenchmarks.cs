using BenchmarkDotNet.Attributes;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Benchmarks;

/// <summary>One plan and its commit in steady state: requests finish and others take their place.</summary>
[MemoryDiagnoser]
public class SchedulerBenchmarks
{
    readonly RequestOutcome[] _outcomes = new RequestOutcome[1];
    Scheduler _scheduler = null!;
    RequestId[] _ring = null!;
    int _next;
    int _countdown;
    long _nowNs;

    [Params(1, 64, 1024)]
    public int Sequences { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        _scheduler = new Scheduler(new SchedulerOptions
        {
            MaxNumSeqs = Sequences, MaxNumBatchedTokens = 8192, NumBlocks = 1_000_000_000,
        });
        _ring = new RequestId[Sequences];
        for (var i = 0; i < Sequences; i++)
            _ring[i] = Add();
        while (_scheduler.Plan(_nowNs).Shape.Decodes < Sequences)
            _scheduler.Commit(new StepOutcome([]), ++_nowNs);
        _scheduler.Commit(new StepOutcome([]), ++_nowNs);
    }

    /// <summary>Nobody comes and nobody ends: what a simulated step mostly is.</summary>
    [Benchmark]
    public int PlainStep()
    {
        var plan = _scheduler.Plan(_nowNs);
        _scheduler.Commit(new StepOutcome([]), ++_nowNs);
        return plan.Shape.Tokens;
    }

    /// <summary>Every fourth step one request ends, another arrives and is prefilled.</summary>
    [Benchmark]
    public int Step()
    {
        var plan = _scheduler.Plan(_nowNs);
        if (_countdown-- > 0 || plan.Chunks.Length > 0)
        {
            _scheduler.Commit(new StepOutcome([]), ++_nowNs);
            return plan.Shape.Tokens;
        }
        _countdown = 3;
        _outcomes[0] = new RequestOutcome { Request = _ring[_next], Finished = true };
        _scheduler.Commit(new StepOutcome(_outcomes), ++_nowNs);
        _ring[_next] = Add();
        _next = (_next + 1) % Sequences;
        return plan.Shape.Tokens;
    }

    RequestId Add() =>
        _scheduler.Add(
            new RequestSpec { PromptTokens = 1000, MaxOutputTokens = 100_000_000 }, _nowNs).Request;
}
