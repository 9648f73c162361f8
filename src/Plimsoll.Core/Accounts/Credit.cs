namespace Plimsoll.Core.Accounts;

/// <summary>A lever that lowers the bill. The change is negative for a saving.</summary>
public sealed record Credit(string Name, decimal UsdPerMillionTokens, string Explanation);
