using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// vLLM V1's scheduling loop written down as plainly as possible, request by request and block by block,
/// without shared prefixes: the oracle that the real scheduler's sums and shortcuts are held against.
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

    /// <summary>
    /// Free blocks, the next to be taken first. Each still holds a block of a preempted request, or nobody's.
    /// </summary>
    readonly List<(int Request, int Block)> _free = [.. Enumerable.Repeat(Nobodys, options.NumBlocks)];

    static readonly (int Request, int Block) Nobodys = (-1, -1);

    public int Used => options.NumBlocks - _free.Count;

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
            while (Missing(request, tokens) > _free.Count && victim != request)
            {
                victim = ByPriority
                    ? Running.OrderBy(r => r.Priority).ThenBy(r => r.Id).Last()
                    : Running[^1];
                var index = Running.IndexOf(victim);
                Running.RemoveAt(index);
                budget += victim.Planned;
                i -= index < i ? 1 : 0;
                PutOut(victim);
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
            var found = Found(request);
            var computed = found * options.BlockSize;
            var tokens = Math.Min(Limited(request.Known - computed), budget);
            var whole = options.ReservesFullPrompts ? request.Known : computed + tokens;
            if (BlocksFor(whole) > _free.Count)
                break;
            Waiting.RemoveAt(0);
            Running.Add(request);
            for (var block = 0; block < found; block++)
                _free.Remove((request.Id, block));
            request.Blocks = found;
            request.Computed = computed;
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
            Free(request.Blocks);
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

    int Missing(Request request, int tokens) => BlocksFor(request.Computed + tokens) - request.Blocks;

    int BlocksFor(int tokens) => (tokens + options.BlockSize - 1) / options.BlockSize;

    /// <summary>
    /// Its blocks go to the end of the queue, the last first; whole ones are still what they were.
    /// </summary>
    void PutOut(Request victim)
    {
        var whole = options.FindsPreempted ? victim.Computed / options.BlockSize : 0;
        for (var block = victim.Blocks - 1; block >= 0; block--)
            _free.Add(block < whole ? (victim.Id, block) : Nobodys);
        victim.Blocks = victim.Computed = victim.Planned = 0;
    }

    /// <summary>Leading blocks that nobody has taken; the last known token is always computed.</summary>
    int Found(Request request)
    {
        var found = 0;
        while (found < (request.Known - 1) / options.BlockSize && _free.Contains((request.Id, found)))
            found++;
        return found;
    }

    void Free(int blocks) => _free.AddRange(Enumerable.Repeat(Nobodys, blocks));

    void Grow(Request request, int tokens)
    {
        var blocks = Missing(request, tokens);
        request.Blocks += blocks;
        _free.RemoveRange(0, blocks);
    }
}
