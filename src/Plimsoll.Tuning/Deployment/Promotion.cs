using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Deployment;

public enum PromotionStage
{
    Shadow,
    Canary,

    /// <summary>The candidate answers everything and is production now.</summary>
    Promoted,

    /// <summary>Its share is 0; it stays loaded until its answers in flight have ended.</summary>
    RolledBack,
}

/// <summary>
/// A candidate's way into traffic, as a pure state machine: observations in, routing tables out. A broken
/// guard sets the share to 0 in the next revision, whatever the stage; nothing else ever takes a share back.
/// </summary>
public sealed class Promotion
{
    readonly PromotionPlan _plan;
    readonly List<GuardState> _guards;
    readonly string _production;
    readonly string _candidate;
    int _at = -1;
    int _answered;

    public Promotion(PromotionPlan plan, string task, string production, string candidate, long revision)
    {
        if (production == candidate)
            throw new BadInputException($"{task}: {candidate} is in production already");
        _plan = plan.Validated();
        (_production, _candidate) = (production, candidate);
        _guards = GuardState.Of(plan.Guards, plan.Error);
        Stage = plan.ShadowRequests > 0 ? PromotionStage.Shadow : PromotionStage.Canary;
        _at = Stage == PromotionStage.Canary ? 0 : -1;
        Routing = new RoutingTable(revision, task, production, candidate, _at < 0 ? 0 : plan.Shares[0],
            Shadow: _at < 0);
        Reason = _at < 0 ? "shadow: mirrored as batch work" : Share(0);
    }

    /// <summary>A promotion that ended before, as a server finds it again when it starts.</summary>
    /// <param name="promoted">Whether the candidate is production; else it was rolled back.</param>
    public static Promotion Ended(PromotionPlan plan, string task, string production, string candidate,
        long revision, bool promoted, string reason)
    {
        var promotion = new Promotion(plan, task, production, candidate, revision)
        {
            Stage = promoted ? PromotionStage.Promoted : PromotionStage.RolledBack,
            Reason = reason,
        };
        promotion.Routing = promoted
            ? new RoutingTable(revision, task, candidate, null, 0, Shadow: false)
            : promotion.Routing with { CandidateShare = 0, Shadow = false };
        return promotion;
    }

    public PromotionStage Stage { get; private set; }

    public RoutingTable Routing { get; private set; }

    /// <summary>Why the routing is as it is.</summary>
    public string Reason { get; private set; }

    public IReadOnlyList<GuardState> Guards => _guards;

    public bool IsOver => Stage is PromotionStage.Promoted or PromotionStage.RolledBack;

    /// <summary>One answer that came back, of either arm.</summary>
    /// <param name="release">Who answered; what is neither arm's is ignored, it was sent under
    /// an older revision.</param>
    /// <param name="measured">By metric, 0 to 1: 1 is an error, an invalid or a late answer.</param>
    /// <returns>Whether the routing changed.</returns>
    public bool Observe(string release, IReadOnlyDictionary<string, double> measured)
    {
        if (IsOver || (release != Routing.Candidate && release != Routing.Production))
            return false;
        var candidate = release == Routing.Candidate;
        foreach (var guard in _guards)
        {
            if (measured.TryGetValue(guard.Guard.Metric, out var value))
                guard.Add(candidate, value);
        }
        if (_guards.Find(g => g.Verdict == GuardVerdict.Broken) is { } broken)
            return RollBack($"guard broken: {broken.Evidence}");
        if (!candidate)
            return false;
        _answered++;
        return _answered >= (Stage == PromotionStage.Shadow ? _plan.ShadowRequests : _plan.StageRequests)
            && Advance();
    }

    /// <summary>By hand, or by a broken guard; also after the candidate has become production.</summary>
    public bool RollBack(string reason)
    {
        if (Stage == PromotionStage.RolledBack)
            return false;
        Stage = PromotionStage.RolledBack;
        Change(share: 0, shadow: false, reason);
        Routing = Routing with { Production = _production, Candidate = _candidate };
        return true;
    }

    bool Advance()
    {
        // The last step is taken only when every guard is shown to be kept; shares before it
        // are for finding out.
        if (_at == _plan.Shares.Count - 2 && _guards.Any(g => g.Verdict != GuardVerdict.Kept))
            return false;
        _at++;
        _answered = 0;
        Stage = _plan.Shares[_at] == RoutingTable.Whole ? PromotionStage.Promoted : PromotionStage.Canary;
        Change(_plan.Shares[_at], shadow: false, Stage == PromotionStage.Promoted
            ? "promoted: every guard is kept" : Share(_at));
        if (Stage == PromotionStage.Promoted)
            Routing = Routing with { Production = Routing.Candidate!, Candidate = null, CandidateShare = 0 };
        return true;
    }

    void Change(int share, bool shadow, string reason)
    {
        Routing = Routing with { Revision = Routing.Revision + 1, CandidateShare = share, Shadow = shadow };
        Reason = reason;
    }

    string Share(int at) => string.Create(
        CultureInfo.InvariantCulture, $"canary: {_plan.Shares[at] / 100.0:0.##} % of the keys");
}
