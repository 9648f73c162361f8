using System;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>Turns rates into dollars per million tokens for one deployment, workload and price.</summary>
/// <param name="UsdPerReplicaHour">Price of one replica.</param>
/// <param name="TokensPerRequest">Mean prompt and answer tokens of a request, cached ones included.</param>
sealed record CostBasis(decimal UsdPerReplicaHour, double TokensPerRequest)
{
    /// <summary>
    /// Cost per million tokens when each replica that is paid for carries this many requests per second.
    /// </summary>
    public PicoDollars PerMillionTokens(double requestsPerSecondAndReplica)
    {
        var tokensPerHour = requestsPerSecondAndReplica * TokensPerRequest * 3600;
        return PicoDollars.FromUsd((double)UsdPerReplicaHour * 1e6 / tokensPerHour);
    }

    /// <summary>
    /// Splits the cost of a million tokens by the computing time that each kind of token caused in a run.
    /// The shares, times their tokens, sum to the bill exactly.
    /// </summary>
    public CostStatement Split(PicoDollars perMillionTokens, SimulationResult run)
    {
        var causes = run.TimeByCause;
        Span<PicoDollars> shares = stackalloc PicoDollars[3];
        perMillionTokens.SplitInto([causes.InputNs, causes.CachedInputNs, causes.OutputNs], shares);
        var tokens = (double)(run.PromptTokens + run.OutputTokens);
        var requests = Math.Max(1, run.Completed);
        return new CostStatement(
            perMillionTokens.Usd,
            PerMillion(shares[0], run.PromptTokens - run.CachedPromptTokens, tokens) ?? 0,
            PerMillion(shares[1], run.CachedPromptTokens, tokens),
            PerMillion(shares[2], run.OutputTokens, tokens) ?? 0,
            PicoDollars.FromUsd((double)perMillionTokens.Usd * tokens / requests / 1e6).Usd);
    }

    /// <summary>The bill as what the tokens cost in full batches and what is paid beside that.</summary>
    /// <param name="perMillionTokens">The bill.</param>
    /// <param name="fullBatch">What a million tokens cost in full batches.</param>
    /// <param name="run">Such batches.</param>
    public WorkStatement WithoutIdle(
        PicoDollars perMillionTokens, PicoDollars fullBatch, SimulationResult run)
    {
        var work = Split(fullBatch, run);
        return new WorkStatement(
            work.UsdPerMillionInputTokens, work.UsdPerMillionCachedInputTokens,
                work.UsdPerMillionOutputTokens,
            (perMillionTokens - fullBatch).Usd);
    }

    /// <summary>A share of a million mixed tokens' cost, per million tokens of its own kind.</summary>
    static decimal? PerMillion(PicoDollars share, long ofKind, double all) =>
        ofKind == 0 ? null : PicoDollars.FromUsd((double)share.Usd * all / ofKind).Usd;
}
