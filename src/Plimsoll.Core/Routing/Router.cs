using System;

namespace Plimsoll.Core.Routing;

/// <summary>
/// Chooses a replica for a request. Pure like the scheduler: the loads and the random bits are arguments.
/// </summary>
public sealed class Router
{
    /// <summary>
    /// Requests that a replica may have above the least loaded one and still be the choice where it holds
    /// all of a prompt; half of it is worth half as many. A warm cache is worth a short queue, no long one.
    /// </summary>
    public const int AffinitySlack = 8;

    readonly RoutingPolicy _policy;
    int _next = -1;

    public Router(RoutingPolicy policy)
    {
        _policy = policy;
    }

    /// <summary>Whether the choice depends on what each replica's prefix cache holds.</summary>
    public bool AsksForCached => _policy == RoutingPolicy.PrefixAffinity;

    /// <param name="outstanding">Requests in each replica.</param>
    /// <param name="cachedShare">
    /// Share of the prompt that each replica's prefix cache holds; empty for none.
    /// </param>
    /// <param name="randomBits">64 uniformly random bits.</param>
    /// <returns>Index of the chosen replica.</returns>
    public int Choose(ReadOnlySpan<int> outstanding, ReadOnlySpan<double> cachedShare, ulong randomBits)
    {
        ArgumentOutOfRangeException.ThrowIfZero(outstanding.Length);
        return outstanding.Length == 1 ? 0 : _policy switch
        {
            RoutingPolicy.RoundRobin => _next = (_next + 1) % outstanding.Length,
            RoutingPolicy.Random => (int)(((randomBits >> 32) * (uint)outstanding.Length) >> 32),
            RoutingPolicy.LeastOutstanding => Least(outstanding),
            RoutingPolicy.PowerOfTwo => BetterOfTwo(outstanding, randomBits),
            RoutingPolicy.PrefixAffinity => NearPrefix(outstanding, cachedShare),
            _ => throw new InvalidOperationException($"Routing policy {_policy} is unknown."),
        };
    }

    /// <summary>The least loaded replica; ties go round so that idle replicas share.</summary>
    int Least(ReadOnlySpan<int> outstanding)
    {
        var start = _next = (_next + 1) % outstanding.Length;
        var best = start;
        for (var i = 1; i < outstanding.Length; i++)
        {
            var candidate = (start + i) % outstanding.Length;
            if (outstanding[candidate] < outstanding[best])
                best = candidate;
        }
        return best;
    }

    static int BetterOfTwo(ReadOnlySpan<int> outstanding, ulong randomBits)
    {
        var count = (uint)outstanding.Length;
        var first = (int)(((randomBits >> 32) * count) >> 32);
        var second = (int)(((randomBits & 0xFFFFFFFF) * (count - 1)) >> 32);
        second += second >= first ? 1 : 0;
        return outstanding[second] < outstanding[first] ? second : first;
    }

    /// <summary>
    /// The most of the prompt cached against the fewest requests, as llm-d's scorers weigh them; the least
    /// loaded among equals.
    /// </summary>
    int NearPrefix(ReadOnlySpan<int> outstanding, ReadOnlySpan<double> cachedShare)
    {
        var best = Least(outstanding);
        if (cachedShare.IsEmpty)
            return best;
        var least = outstanding[best];
        var bestScore = cachedShare[best];
        for (var i = 0; i < outstanding.Length; i++)
        {
            var score = cachedShare[i] - (double)(outstanding[i] - least) / AffinitySlack;
            if (score > bestScore)
                (best, bestScore) = (i, score);
        }
        return best;
    }
}
