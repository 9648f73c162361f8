namespace Plimsoll.Core.Accounts;

/// <summary>A lever that lowers the bill. The change is negative for a saving.</summary>
public sealed record Credit(string Name, decimal UsdPerMillionTokens, string Explanation)
{
    /// <summary>
    /// 90 % interval of the change, both fleets sized draw by draw; null where it has none.
    /// </summary>
    public CreditInterval? Interval { get; init; }
}

/// <summary>Ends of a change; null where a fleet on one side cannot keep the promise.</summary>
public sealed record CreditInterval(decimal? Low, decimal? High);
