using Plimsoll.Server.Ledger;
using Plimsoll.Server.Tenants;

namespace Plimsoll.Server.Api;

/// <summary>Tokens and dollars that are kept for one model's answer to a request.</summary>
sealed class Reservation(
    RateLimits rates, Tenant tenant, long promptTokens, long outputTokens, BudgetHold? hold)
{
    bool _isCancelled;

    /// <summary>The answer is over: what it did not use comes back, what it used beyond is taken.</summary>
    public void Settle(RequestEntry entry) => Settle(entry.PromptTokens, entry.OutputTokens);

    public void Settle(long prompt, long output)
    {
        if (_isCancelled)
            return;
        rates.GiveBack(tenant, outputTokens - output);
        hold?.Shrink(prompt, output);
    }

    /// <summary>Nobody worked on it: all of it is given back.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        rates.GiveBack(tenant, promptTokens + outputTokens);
        hold?.Shrink(0, 0);
        hold?.Dispose();
    }

    /// <summary>The request is over.</summary>
    public void End() => hold?.Dispose();
}
