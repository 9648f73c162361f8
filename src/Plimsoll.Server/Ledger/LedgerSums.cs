using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Plimsoll.Core.Costing;

namespace Plimsoll.Server.Ledger;

/// <summary>What one level of one model has cost and carried since the server began.</summary>
/// <param name="PromptPico">Pico-dollars of steps that computed prompts.</param>
/// <param name="OutputPico">Pico-dollars of steps that generated.</param>
public readonly record struct LevelCost(
    string Model, string Level, bool Estimated, long PromptPico, long OutputPico, long PromptTokens,
    long OutputTokens);

/// <summary>How often guesses at one adapter's answers have come true since the server began.</summary>
/// <param name="Adapter">Empty for the base model.</param>
/// <param name="Drafts">Steps of a request with guesses.</param>
/// <param name="Tokens">Tokens guessed.</param>
/// <param name="Accepted">Of those, the right ones.</param>
public readonly record struct DraftCount(
    string Model, string Adapter, string Release, long Drafts, long Tokens, long Accepted);

/// <summary>
/// What the book has come to since the server began, for budgets, metrics and the live page. Not for two
/// hands at once: the book's lock is around it.
/// </summary>
sealed class LedgerSums
{
    readonly Dictionary<(string Tenant, long Day), long> _spent = [];
    readonly Dictionary<(string Tenant, long Day), long> _elsewhere = [];
    readonly Dictionary<string, long> _byLevel = [];
    readonly Dictionary<(string Model, string Level, bool Estimated), LevelCost> _costs = [];
    readonly Dictionary<string, long> _unserved = [];
    readonly Dictionary<(string Model, string Adapter, string Release), DraftCount> _drafts = [];

    /// <summary>Pico-dollars by level; idle, headroom and the like under their own names.</summary>
    public IReadOnlyDictionary<string, long> ByLevel => new Dictionary<string, long>(_byLevel);

    public IReadOnlyList<LevelCost> CostsOf(string model) => [.. _costs.Values.Where(c => c.Model == model)];

    /// <summary>A request's part of a step.</summary>
    public void Add(RequestEntry entry, in StepCharge charge, long day)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_spent, (entry.Tenant, day), out _) += charge.Total;
        CollectionsMarshal.GetValueRefOrAddDefault(_byLevel, entry.Level, out _) += charge.Total;
        ref var cost = ref CostOf(entry);
        // A step's fixed part is for what the request had in it: a piece of its prompt, or a token. An
        // estimate says how much of either.
        cost = entry.Estimated ? cost with
        {
            PromptPico = cost.PromptPico + charge.Prefill,
            OutputPico = cost.OutputPico + charge.Total - charge.Prefill,
        }
            : charge.Prefill > 0 ? cost with { PromptPico = cost.PromptPico + charge.Total }
            : cost with { OutputPico = cost.OutputPico + charge.Total };
    }

    /// <summary>A step checked guesses at a request's answer.</summary>
    public void AddDrafts(RequestEntry entry, int tokens, int accepted)
    {
        var key = (entry.Model, entry.Adapter, entry.Release);
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_drafts, key, out _);
        count = new DraftCount(entry.Model, entry.Adapter, entry.Release, count.Drafts + 1,
            count.Tokens + tokens, count.Accepted + accepted);
    }

    public IReadOnlyList<DraftCount> DraftsOf(string model) =>
        [.. _drafts.Values.Where(count => count.Model == model)];

    /// <summary>Time of an engine that is nobody's.</summary>
    public void Add(string model, string account, long amount)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_byLevel, account, out _) += amount;
        CollectionsMarshal.GetValueRefOrAddDefault(_unserved, model, out _) += amount;
    }

    public void Close(RequestEntry entry)
    {
        ref var cost = ref CostOf(entry);
        cost = cost with
        {
            PromptTokens = cost.PromptTokens + entry.PromptTokens,
            OutputTokens = cost.OutputTokens + entry.OutputTokens,
        };
    }

    /// <summary>Pico-dollars of a model's engines that no request is charged for.</summary>
    public long Unserved(string model) => _unserved.GetValueOrDefault(model);

    /// <summary>Pico-dollars that a tenant has spent on a UTC day in this life of this server.</summary>
    public long SpentHere(string tenant, long day) => _spent.GetValueOrDefault((tenant, day));

    /// <summary>The same in earlier lives and by other gateways.</summary>
    public long SpentElsewhere(string tenant, long day) => _elsewhere.GetValueOrDefault((tenant, day));

    public void Remember(string tenant, long day, long amount) => _elsewhere[(tenant, day)] = amount;

    public void ForgetBefore(long day)
    {
        foreach (var days in (ReadOnlySpan<Dictionary<(string, long Day), long>>)[_spent, _elsewhere])
        {
            foreach (var key in new List<(string, long Day)>(days.Keys))
            {
                if (key.Day < day)
                    days.Remove(key);
            }
        }
    }

    ref LevelCost CostOf(RequestEntry entry)
    {
        var key = (entry.Model, entry.Level, entry.Estimated);
        ref var cost = ref CollectionsMarshal.GetValueRefOrAddDefault(_costs, key, out var isKnown);
        if (!isKnown)
            cost = new LevelCost(entry.Model, entry.Level, entry.Estimated, 0, 0, 0, 0);
        return ref cost;
    }
}
