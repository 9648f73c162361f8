using System;
using System.Collections.Generic;
using Plimsoll.Core.Draws;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// A fixed number of clients, each sending its next request when its answer is complete, as load generators
/// do under <c>--max-concurrency</c> with an unbounded rate. Lengths are uniform between two bounds, or as
/// they were sent.
/// </summary>
public sealed class ClosedLoad : ILoad
{
    const ulong Seed = 1;

    public required int Concurrency { get; init; }

    public required (int Least, int Most) PromptTokens { get; init; }

    public required (int Least, int Most) OutputTokens { get; init; }

    public required long Requests { get; init; }

    /// <summary>Prompt and output tokens in order of sending, one per request; null to draw them.</summary>
    public IReadOnlyList<(int Prompt, int Output)>? Lengths { get; init; }

    public long WarmupRequests { get; init; }

    public long CooldownRequests { get; init; }

    public bool ClosedLoop => true;

    public int MeanContextTokens =>
        (PromptTokens.Least + PromptTokens.Most + OutputTokens.Least + OutputTokens.Most) / 2;

    public IArrivalSource Open() => new Source(this);

    sealed class Source : IArrivalSource
    {
        readonly ClosedLoad _load;
        readonly PriorityQueue<int, (long AtNs, long Order)> _due = new();
        RandomStream _random = new(Seed, purpose: 21);
        long _left;
        long _order;

        public Source(ClosedLoad load)
        {
            _load = load;
            _left = load.Requests;
            for (var client = 0; client < load.Concurrency; client++)
                _due.Enqueue(client, (0, _order++));
        }

        public int PrefixBlockTokens => 0;

        public bool TryPeek(out long atNs)
        {
            atNs = 0;
            if (_left == 0 || !_due.TryPeek(out _, out var key))
                return false;
            atNs = key.AtNs;
            return true;
        }

        public void Take(out Arrival arrival)
        {
            _due.TryDequeue(out var client, out var key);
            var (prompt, output) = _load.Lengths is { } lengths
                ? lengths[(int)(_load.Requests - _left)]
                : (Draw(_load.PromptTokens), Draw(_load.OutputTokens));
            _left--;
            arrival = new Arrival
            {
                AtNs = key.AtNs,
                PromptTokens = prompt,
                OutputTokens = output,
                Session = client,
            };
        }

        public void Finished(int session, long nowNs) => _due.Enqueue(session, (nowNs, _order++));

        int Draw((int Least, int Most) bounds) =>
            bounds.Least + _random.NextBelow(Math.Max(1, bounds.Most - bounds.Least + 1));
    }
}
