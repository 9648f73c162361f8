using System.Collections.Generic;

namespace Plimsoll.Planning.Simulation;

/// <summary>Prefilled requests on their way to the decode pool, by time of arrival there.</summary>
sealed class HandoffQueue
{
    readonly PriorityQueue<SimulatedRequest, (long AtNs, long Index)> _queue = new();

    public long NextNs => _queue.TryPeek(out _, out var key) ? key.AtNs : long.MaxValue;

    public void Add(in SimulatedRequest request, long atNs) => _queue.Enqueue(request, (atNs, request.Index));

    public SimulatedRequest Take() => _queue.Dequeue();
}
