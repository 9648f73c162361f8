using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// Requests of one run, in order of their start, and the load that they show: a closed loop when nearly every
/// request beyond the first ones starts just after another's end and brings the number in flight back to its
/// most; arrivals as they were otherwise.
/// </summary>
sealed class RecordedRun
{
    /// <summary>Fewer requests than this say nothing that lasts.</summary>
    const int FewestRequests = 20;

    const double ClosedShare = 0.9;

    /// <summary>How soon a client sends again, nanoseconds.</summary>
    const double TurnaroundNs = 50e6;

    readonly string _name;
    readonly bool _engineClock;
    readonly List<RequestTiming> _requests;

    public RecordedRun(string name, IEnumerable<RequestTiming> requests, bool engineClock)
    {
        _name = name;
        _engineClock = engineClock;
        _requests = [.. requests.OrderBy(r => r.StartNs)];
        if (_requests.Count < FewestRequests)
        {
            throw new BadInputException(
                $"{name}: {_requests.Count} served requests; expected at least {FewestRequests}");
        }
    }

    public int Requests => _requests.Count;

    /// <summary>In order of their start.</summary>
    public IReadOnlyList<RequestTiming> Timings => _requests;

    /// <summary>What was measured, whole and in halves by time.</summary>
    public Configuration On(Deployment deployment)
    {
        var clients = Clients();
        var half = _requests.Count / 2;
        return Part(_name, 0, _requests.Count) with
        {
            Halves =
                (Part($"{_name}, earlier half", 0, half),
                    Part($"{_name}, later half", half, _requests.Count)),
        };

        Configuration Part(string name, int from, int to)
        {
            ILoad load = clients is { } n ? Closed(n, from, to) : Replayed(from, to);
            return new Configuration
            {
                Key = name,
                Runs = [new Observation
                {
                    Name = name,
                    Deployment = deployment,
                    Load = load,
                    Measured = Figures(_requests.GetRange(from, to - from)),
                    EngineClock = _engineClock,
                }],
            };
        }
    }

    ClosedLoad Closed(int clients, int from, int to) => new()
    {
        Concurrency = clients,
        PromptTokens = (_requests.Min(r => r.PromptTokens), _requests.Max(r => r.PromptTokens)),
        OutputTokens = (_requests.Min(r => r.OutputTokens), _requests.Max(r => r.OutputTokens)),
        Lengths = [.. _requests.Select(r => (r.PromptTokens, r.OutputTokens))],
        Requests = _requests.Count,
        WarmupRequests = from,
        CooldownRequests = _requests.Count - to,
    };

    ReplayedLoad Replayed(int from, int to)
    {
        var arrivals = new Arrival[_requests.Count];
        for (var i = 0; i < arrivals.Length; i++)
        {
            arrivals[i] = new Arrival
            {
                AtNs = (long)(_requests[i].StartNs - _requests[0].StartNs),
                PromptTokens = _requests[i].PromptTokens,
                OutputTokens = _requests[i].OutputTokens,
                Session = -1,
            };
        }
        return new ReplayedLoad(arrivals, warmup: from, cooldown: arrivals.Length - to);
    }

    static LatencyFigures Figures(List<RequestTiming> requests)
    {
        var tpots = requests.Where(r => r.TpotNs is not null).ToList();
        return new LatencyFigures
        {
            TtftMs = requests.Average(r => r.TtftNs) / 1e6,
            TpotMs = tpots.Count > 0 ? tpots.Average(r => r.TpotNs!.Value) / 1e6 : null,
        };
    }

    /// <summary>The number of clients of a closed loop; null when the arrivals are their own.</summary>
    int? Clients()
    {
        var ends = new PriorityQueue<double, double>();
        var inFlight = new int[_requests.Count];
        var afterEnd = new bool[_requests.Count];
        var lastEnd = double.NegativeInfinity;
        for (var i = 0; i < _requests.Count; i++)
        {
            var start = _requests[i].StartNs;
            while (ends.TryPeek(out var end, out _) && end <= start)
                lastEnd = ends.Dequeue();
            ends.Enqueue(start + _requests[i].E2eNs, start + _requests[i].E2eNs);
            inFlight[i] = ends.Count;
            afterEnd[i] = start - lastEnd < TurnaroundNs;
        }
        var most = inFlight.Max();
        int later = 0, closed = 0;
        for (var i = most; i < inFlight.Length; i++)
        {
            later++;
            closed += inFlight[i] >= most - 1 && afterEnd[i] ? 1 : 0;
        }
        return later >= FewestRequests / 2 && closed >= ClosedShare * later ? most : null;
    }
}
