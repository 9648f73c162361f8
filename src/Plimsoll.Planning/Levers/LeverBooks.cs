using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Compare;
using Plimsoll.Planning.Plans;
using AccountLevers = Plimsoll.Planning.Accounts.Levers;

namespace Plimsoll.Planning.Levers;

/// <summary>
/// Every lever on one fleet, each re-simulated alone on the same traffic under the same draws; the strongest
/// in pairs, since what one saves another cannot save again; and what they were worth before.
/// </summary>
public sealed class LeverBooks
{
    const int Pooled = 16;

    /// <summary>Earlier releases that the catalogue tells apart, and when they came.</summary>
    static readonly (string Version, string Date)[] Releases =
        [("0.10.0", "2025-07"), ("0.13.0", "2025-12"), ("0.20.0", "2026-06")];

    static readonly string[] Generations = ["a100_sxm", "h100_sxm", "h200_sxm", "b200_sxm", "b300_sxm"];

    /// <summary>Another card or model is split in its own best way.</summary>
    static readonly Parallelism Open = new(null, null, null, null);

    readonly LeverTrials _trials;
    readonly ComparedSide _side;
    readonly List<(LeverRow Row, Func<ComparedSide, ComparedSide> Change)> _simulated = [];

    LeverBooks(LeverTrials trials)
    {
        _trials = trials;
        _side = trials.Base;
    }

    /// <summary>Null where the fleet itself keeps no promise.</summary>
    public static LeverBook? Of(
        ComparedSide side, long requests, ulong seed, Action<double>? progress = null)
    {
        var trials = new LeverTrials(side, requests, seed, progress);
        return trials.Of(side) is { } own ? new LeverBooks(trials).Book(
            own, BackfillLever.Of(trials, own, requests, seed)) : null;
    }

    LeverBook Book(ComparedCost own, LeverRow? backfill)
    {
        Formats();
        Limits();
        Traffic();
        Replacements();
        var rows = _simulated.Select(s => s.Row).ToList();
        rows.Add(SpeculationLever.Of(_trials));
        rows.AddRange(new[] { backfill, CapacityLevers.Autoscaling(_trials), CapacityLevers.Spot(_trials) }
            .OfType<LeverRow>());
        rows.AddRange(FleetLevers.Of(own.Engine, _side));
        return new LeverBook(
            $"{_side.Model.Name} {own.Engine.Deployment.Weights.Name()} on "
                + $"{own.Engine.Deployment.Accelerators} × {_side.Accelerator.Name}",
            own.Usd.Usd,
            [.. rows.OrderBy(row => row.UsdPerMillionTokens ?? decimal.MaxValue)], Overlaps(), Durability());
    }

    void Formats()
    {
        if (Narrower(_side) is { } weights)
        {
            Add("quantised weights", $"{weights.Name()} weights, if the answers stay good enough",
                s => s with { Weights = Narrower(s) ?? s.Weights });
        }
        if (_side.Kv == NumberFormat.Bf16 && !_side.Model.Attention.Bidirectional)
            Add("quantised KV", "fp8 KV cache", s => s with { Kv = NumberFormat.Fp8 });
    }

    void Limits()
    {
        var usual = EngineCatalogue.ServerDefaults(_side.Accelerator, _side.Engine.Name);
        var chunk = _side.Tuning.MaxNumBatchedTokens ?? usual.MaxNumBatchedTokens;
        var best = new[] { chunk / 4, chunk / 2, 2 * chunk }
            .MinBy(tokens => _trials.Usd(Chunk(_side, tokens)) ?? double.PositiveInfinity);
        Add("step budget", $"{best} tokens a step instead of {chunk}, the best of a quarter, half and twice",
            s => Chunk(s, best));
        Add("batch limit", "half as many sequences at once",
            s => s with { Tuning = s.Tuning with { MaxNumSeqs = usual.MaxNumSeqs / 2 } });
        Add("engine's memory", "0.95 of the memory instead of 0.90",
            s => s with { Tuning = s.Tuning with { MemoryShare = 0.95 } });
        if (_side.Tuning.PrefixCaching && LeverTrials.SharesPrefixes(_side))
        {
            Add("no prefix cache", "what the prefix cache is worth, the other way round",
                s => s with { Tuning = s.Tuning with { PrefixCaching = false } });
        }
        if (_side.Tuning.KvTiers is null && LeverTrials.SharesPrefixes(_side))
        {
            Add("KV tiers", "prefixes also kept in host memory, fetched where that is quicker",
                s => s with { Tuning = s.Tuning with { KvTiers = "host" } });
            Add("KV tiers", "in host memory, on NVMe and in a pooled store",
                s => s with { Tuning = s.Tuning with { KvTiers = "host+nvme+pool" } });
        }
        if (!_side.IsBatch && _side.Engine.Policy == SchedulingPolicy.VllmV1)
        {
            Add("deadline scheduling", "policy slack: interactive work by its deadlines",
                s => s with { Engine = s.Engine with { Policy = SchedulingPolicy.InSlack } });
        }
    }

    static NumberFormat? Narrower(ComparedSide side) =>
        AccountLevers.Narrower(side.Weights ?? side.Model.NativeWeights, side.Accelerator);

    static ComparedSide Chunk(ComparedSide side, int tokens) =>
        side with { Tuning = side.Tuning with { MaxNumBatchedTokens = tokens } };

    void Traffic()
    {
        if (_side.IsBatch || Plain(_side.Workload) is not WorkloadFamily { Spec.Tenants: 1 } family)
            return;
        var pooled = new WorkloadFamily(family.Spec with
        {
            Name = $"{family.Spec.Name}:tenants={Pooled}", Tenants = Pooled,
        });
        Add("pooling tenants", $"{Pooled} tenants' traffic, weeks shifted evenly, on one fleet",
            s => s with { Workload = pooled });
    }

    static Inputs.Workloads.Workload Plain(Inputs.Workloads.Workload workload) =>
        Inputs.Workloads.ModelWorkload.Of(workload, Catalogue.BuiltIn.FindModel(AccountLevers.SmallModel));

    void Replacements()
    {
        Add("older engine", "the release of a year ago: what staying current is worth, the other way round",
            s => s with { Engine = s.Engine with { Version = Releases[0].Version } });
        foreach (var (card, price) in CapacityLevers.NewerCards(_side.Accelerator).Take(3))
        {
            Add($"next accelerator, {card.Name}", FormattableString.Invariant(
                $"launched {card.Launch}, at ${price.UsdPerHour:0.00} an hour ({price.AsOf})"),
                s => s with { Accelerator = card, Price = price, Parallelism = Open });
        }
        var small = Catalogue.BuiltIn.FindModel(AccountLevers.SmallModel);
        if (_side.Model.Pools || _side.Model.Parameters < AccountLevers.WorthReplacing * small.Parameters)
            return;
        var smaller = Add("smaller model",
            $"{small.Name} tuned to the task, if it does it; tuning is not counted",
            s => s with { Model = small, Weights = null, Parallelism = Open });
        if (_trials.Usd(smaller) is { } usd)
        {
            var share = 1 - (usd / (double)_trials.Of(_side)!.Usd.Usd);
            var row = _simulated[^1].Row with
            {
                BreakEven = FormattableString.Invariant(
                    $"{100 * share:0} % of requests may fall back to the large model, which then costs both"),
            };
            _simulated[^1] = (row, _simulated[^1].Change);
        }
    }

    ComparedSide Add(string name, string change, Func<ComparedSide, ComparedSide> with)
    {
        var variant = with(_side);
        _simulated.Add((_trials.Row(name, change, variant), with));
        return variant;
    }

    /// <summary>The four that save most, in pairs; of accelerators one.</summary>
    List<LeverOverlap> Overlaps()
    {
        var strongest = _simulated.Where(s => s.Row.UsdPerMillionTokens < 0)
            .OrderBy(s => s.Row.UsdPerMillionTokens)
            .DistinctBy(s => s.Change(_side).Accelerator == _side.Accelerator ? s.Row.Name : "")
            .Take(4).ToList();
        var pairs = new List<LeverOverlap>();
        var own = _trials.Of(_side)!.Usd.Usd;
        for (var i = 0; i < strongest.Count; i++)
        {
            for (var j = i + 1; j < strongest.Count; j++)
            {
                if (_trials.Of(strongest[j].Change(strongest[i].Change(_side))) is not { } both)
                    continue;
                var sum = strongest[i].Row.UsdPerMillionTokens!.Value
                    + strongest[j].Row.UsdPerMillionTokens!.Value;
                var together = both.Usd.Usd - own;
                pairs.Add(new LeverOverlap(
                    strongest[i].Row.Name, strongest[j].Row.Name, together, (double)(together / sum)));
            }
        }
        return [.. pairs.OrderBy(pair => pair.OfSum)];
    }

    /// <summary>Levers that every generation has, at one price an hour: only what they save counts.</summary>
    List<LeverWorth> Durability()
    {
        var worth = new List<LeverWorth>();
        foreach (var name in new[] { "quantised weights", "quantised KV", "smaller model" })
        {
            var lever = _simulated.FirstOrDefault(s => s.Row.Name == name);
            if (lever.Row is null)
                continue;
            foreach (var key in Generations)
            {
                var card = Catalogue.BuiltIn.FindAccelerator(key);
                var old = _side with { Accelerator = card };
                worth.Add(new LeverWorth(name, card.Name, card.Launch, Worth(old, lever.Change(old))));
            }
            foreach (var (version, date) in Releases)
            {
                var old = _side with { Engine = _side.Engine with { Version = version } };
                worth.Add(new LeverWorth(
                    name, $"{_side.Engine.Name} {version}", date, Worth(old, lever.Change(old))));
            }
        }
        return worth;
    }

    double? Worth(ComparedSide without, ComparedSide with) =>
        without == with ? 1 : _trials.Usd(without) / _trials.Usd(with);
}
