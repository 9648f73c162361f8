using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Calibration;

/// <summary>What the mean latencies of a run consist of, by term.</summary>
sealed class TermShares
{
    readonly TermClock[] _clocks;
    readonly RequestOverhead _overhead;
    readonly long _firstMeasured;
    readonly long _endMeasured;
    TermVector _ttft;
    TermVector _tpot;
    TermVector _decoding;
    TermVector _e2e;

    public TermShares(StepTimeModel model, Observation observation)
    {
        _overhead = model.RequestOverhead;
        _firstMeasured = observation.Load.WarmupRequests;
        _endMeasured = observation.Load.Requests - observation.Load.CooldownRequests;
        _clocks = new TermClock[observation.Deployment.DataParallel];
        for (var i = 0; i < _clocks.Length; i++)
            _clocks[i] = new TermClock(model);
    }

    public void Step(int replica, in StepShape shape, int steps, long startNs, long stepNs) =>
        _clocks[replica].Add(shape, steps, startNs, stepNs);

    public void Complete(in CompletedRequest request)
    {
        if (!request.Served || request.Index < _firstMeasured || request.Index >= _endMeasured)
            return;
        var clock = _clocks[request.Replica];
        var first = clock.At(request.FirstTokenNs);
        var waiting = first;
        waiting.Add(clock.At(request.ArrivalNs), -1);
        waiting[StepTerm.Request] += _overhead.Ns(request.PromptTokens);
        _ttft.Add(waiting);
        _e2e.Add(waiting);
        if (request.OutputTokens < 2)
            return;
        var decoding = clock.At(request.LastTokenNs);
        decoding.Add(first, -1);
        _decoding.Add(decoding);
        _e2e.Add(decoding);
        _tpot.Add(decoding, 1.0 / (request.OutputTokens - 1));
    }

    /// <summary>The split of a metric, brought to a total.</summary>
    public TermVector Of(Metric metric, double total)
    {
        var vector = metric switch
        {
            Metric.Ttft => _ttft,
            Metric.Tpot => _tpot,
            Metric.Itl => _decoding,
            _ => _e2e,
        };
        var sum = vector.Total;
        var scaled = default(TermVector);
        if (sum > 0)
            scaled.Add(vector, total / sum);
        return scaled;
    }
}
