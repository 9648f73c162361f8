using System;
using System.Collections.Generic;

namespace Plimsoll.Core.Routing;

/// <summary>
/// Chooses a replica for a request. Pure like the scheduler: the loads and the random bits are arguments.
/// </summary>
public sealed class Router
{
    /// <summary>
    /// Requests by which the home of a prefix may exceed the least loaded replica before its requests are
    /// sent elsewhere: a warm cache is worth a short queue, not a long one.
    /// </summary>
    public const int AffinitySlack = 8;

    /// <summary>Prefixes whose home is remembered; the table starts over when it is full.</summary>
    const int MostHomes = 1 << 20;

    readonly RoutingPolicy _policy;
    readonly Dictionary<ulong, int> _homes = [];
    int _next = -1;

    public Router(RoutingPolicy policy)
    {
        _policy = policy;
    }

    /// <param name="outstanding">Requests in each replica.</param>
    /// <param name="prefixKey">Key of the prompt's first block; 0 when unknown.</param>
    /// <param name="randomBits">64 uniformly random bits.</param>
    /// <returns>Index of the chosen replica.</returns>
    public int Choose(ReadOnlySpan<int> outstanding, ulong prefixKey, ulong randomBits)
    {
        ArgumentOutOfRangeException.ThrowIfZero(outstanding.Length);
        return outstanding.Length == 1 ? 0 : _policy switch
        {
            RoutingPolicy.RoundRobin => _next = (_next + 1) % outstanding.Length,
            RoutingPolicy.Random => (int)(((randomBits >> 32) * (uint)outstanding.Length) >> 32),
            RoutingPolicy.LeastOutstanding => Least(outstanding),
            RoutingPolicy.PowerOfTwo => BetterOfTwo(outstanding, randomBits),
            RoutingPolicy.PrefixAffinity => NearPrefix(outstanding, prefixKey),
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

    int NearPrefix(ReadOnlySpan<int> outstanding, ulong prefixKey)
    {
        var least = Least(outstanding);
        if (prefixKey == 0)
            return least;
        if (_homes.TryGetValue(prefixKey, out var home)
            && outstanding[home] <= outstanding[least] + AffinitySlack)
        {
            return home;
        }
        if (_homes.Count >= MostHomes)
            _homes.Clear();
        _homes[prefixKey] = least;
        return least;
    }
}
