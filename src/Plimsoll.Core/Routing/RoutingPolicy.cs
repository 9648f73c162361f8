namespace Plimsoll.Core.Routing;

public enum RoutingPolicy
{
    RoundRobin,

    /// <summary>The replica with the fewest requests in it.</summary>
    LeastOutstanding,

    /// <summary>The less loaded of two replicas drawn at random.</summary>
    PowerOfTwo,

    /// <summary>
    /// The replica whose cache holds most of the prompt, unless it has too many more requests than the least
    /// loaded one.
    /// </summary>
    PrefixAffinity,

    /// <summary>Any replica, whatever is in it: as a hash of the user or the session spreads them.</summary>
    Random,
}

public static class RoutingPolicies
{
    public static Choices<RoutingPolicy> All { get; } = new(
        ("round-robin", RoutingPolicy.RoundRobin), ("least-outstanding", RoutingPolicy.LeastOutstanding),
        ("power-of-two", RoutingPolicy.PowerOfTwo), ("prefix-affinity", RoutingPolicy.PrefixAffinity),
        ("random", RoutingPolicy.Random));
}
