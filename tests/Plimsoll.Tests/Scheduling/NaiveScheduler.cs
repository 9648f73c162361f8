using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// vLLM V1's scheduling loop written down as plainly as possible, request by request and without a prefix
/// cache: the oracle that the real scheduler's sums and shortcuts are held against.
/// </summary>
sealed class NaiveScheduler(SchedulerOptions options)
{
    public sealed class Request
    {
        public int Id;
        public int Known;
        public int Computed;
        public int Blocks;
        public int Priority;
        public int Planned;
        public bool IsDecode => Planned == 1 && Computed == Known - 1 && HasToken;
        public bool HasToken;
    }

    public readonly List<Request> Waiting = [];
    public readonly List<Request> Running = [];
    int _free = options.NumBlocks;

    public int Used => options.NumBlocks - _free;

    bool ByPriority => options.Policy.Order == AdmissionOrder.Priority;

    public void Add(int id, int prompt, int priority)
    {
        Waiting.Add(new Request { Id = id, Known = prompt, Priority = priority });
        Sort();
    }

    /// <summary>
    /// Plans until somebody is scheduled or nobody is left; returns the preempted, in order.
    /// </summary>
    public List<int> Plan()
    {
        var preempted = new List<int>();
        int before;
        do
        {
            before = preempted.Count;
            preempted.AddRange(PlanOnce());
        }
        while (Running.TrueForAll(r => r.Planned == 0) && preempted.Count > before);
        return preempted;
    }

    List<int> PlanOnce()
    {
        var preempted = new List<int>();
        var budget = options.MaxNumBatchedTokens;
        foreach (var request in Running)
            request.Planned = 0;
        for (var i = 0; i < Running.Count && budget > 0;)
        {
            var request = Running[i];
            var tokens = Math.Min(Limited(request.Known - request.Computed), budget);
            var victim = (Request?)null;
            while (Missing(request, tokens) > _free && victim != request)
            {
                victim = ByPriority
                    ? Running.OrderBy(r => r.Priority).ThenBy(r => r.Id).Last()
                    : Running[^1];
                var index = Running.IndexOf(victim);
                Running.RemoveAt(index);
                budget += victim.Planned;
                i -= index < i ? 1 : 0;
                _free += victim.Blocks;
                victim.Blocks = victim.Computed = victim.Planned = 0;
                victim.HasToken = false;
                Waiting.Insert(0, victim);
                preempted.Add(victim.Id);
            }
            if (victim == request)
                break;
            Grow(request, tokens);
            request.Planned = tokens;
            budget -= tokens;
            i++;
        }
        Sort();
        if (preempted.Count > 0)
            return preempted;
        while (Waiting.Count > 0 && budget > 0 && Running.Count < options.MaxNumSeqs)
        {
            var request = Waiting[0];
            var tokens = Math.Min(Limited(request.Known), budget);
            if (Missing(request, tokens) > _free)
                break;
            Waiting.RemoveAt(0);
            Running.Add(request);
            Grow(request, tokens);
            request.Planned = tokens;
            budget -= tokens;
        }
        return preempted;
    }

    public void Commit(Func<Request, bool> finishes)
    {
        foreach (var request in Running.ToList())
        {
            request.Computed += request.Planned;
            if (request.Planned == 0 || request.Computed < request.Known)
                continue;
            request.Known++;
            request.HasToken = true;
            if (!finishes(request))
                continue;
            Running.Remove(request);
            _free += request.Blocks;
        }
    }

    void Sort()
    {
        if (!ByPriority)
            return;
        var sorted = Waiting.OrderBy(r => r.Priority).ThenBy(r => r.Id).ToList();
        Waiting.Clear();
        Waiting.AddRange(sorted);
    }

    int Limited(int tokens) => options.LongPrefillTokenThreshold > 0
        ? Math.Min(tokens, options.LongPrefillTokenThreshold)
        : tokens;

    int Missing(Request request, int tokens) =>
        (request.Computed + tokens + options.BlockSize - 1) / options.BlockSize - request.Blocks;

    void Grow(Request request, int tokens)
    {
        var blocks = Missing(request, tokens);
        request.Blocks += blocks;
        _free -= blocks;
    }
}
