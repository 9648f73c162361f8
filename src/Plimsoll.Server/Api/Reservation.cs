using Plimsoll.Server.Ledger;
using Plimsoll.Server.Tenants;

namespace Plimsoll.Server.Api;

/// <summary>Tokens and dollars that are kept for one model's answer to a request.</summary>
sealed class Reservation(
    RateLimits rates, Tenant tenant, long promptTokens, long outputTokens, BudgetHold? hold)
{
    /// <summary>The answer is over: what it did not use is given back, what it used beyond is taken.</summary>
    public void Settle(RequestEntry entry) => Settle(entry.PromptTokens, entry.OutputTokens);

    public void Settle(long prompt, long output)
    {
        rates.GiveBack(tenant, outputTokens - output);
        hold?.Shrink(prompt, output);
    }

    /// <summary>Nobody worked on it: all of it is given back.</summary>
    public void Cancel()
    {
        rates.GiveBack(tenant, promptTokens + outputTokens);
        hold?.Shrink(0, 0);
        hold?.Dispose();
    }

    /// <summary>The request is over.</summary>
    public void End() => hold?.Dispose();
}
