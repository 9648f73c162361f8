using System;
using System.Collections.Generic;
using System.Threading;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Timing;
using Plimsoll.Engine;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// A few of an engine's steps since the last audit, every step as likely as any other: what the nightly audit
/// looks at. Most steps cost a comparison.
/// </summary>
public sealed class StepSample(string model, StepTimeModel stepTime)
{
    const int Kept = 256;

    sealed record Step(StepSplit Causes, StepWork[] Works, long[] Requests);

    readonly Lock _gate = new();
    readonly List<Step> _steps = [];
    readonly Random _random = new(1);
    long _seen;

    public string Model => model;

    /// <summary>What the last audit found; null before the first.</summary>
    public AuditResult? Last { get; private set; }

    public void Add(in EngineStep step)
    {
        if (step.Shares.Length == 0)
            return;
        lock (_gate)
        {
            var place = _seen < Kept ? (int)_seen : _random.NextInt64(_seen + 1);
            _seen++;
            if (place >= Kept)
                return;
            var works = new StepWork[step.Shares.Length];
            var requests = new long[works.Length];
            for (var i = 0; i < works.Length; i++)
            {
                ref readonly var share = ref step.Shares[i];
                works[i] = new StepWork(share.PrefillTokens, share.DecodeTokens, share.ContextTokens);
                requests[i] = share.LedgerId;
            }
            var copy = new Step(step.Causes, works, requests);
            if (place < _steps.Count)
                _steps[(int)place] = copy;
            else
                _steps.Add(copy);
        }
    }

    /// <summary>Audits what was kept and begins anew.</summary>
    public AuditResult Audit()
    {
        Step[] steps;
        lock (_gate)
        {
            steps = [.. _steps];
            _steps.Clear();
            _seen = 0;
        }
        var audit = new ShapleyAudit(stepTime);
        foreach (var step in steps)
            audit.Add(step.Causes, step.Works, step.Requests);
        var found = audit.Result();
        Last = found;
        return found;
    }
}
