using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// Admitted requests in order of admission, and those among them whose prompt is not computed yet.
/// </summary>
sealed class RunningList(RequestTable requests)
{
    public const int None = -1;

    GrowingList<int> _prefilling = new(16);
    long _nextAdmission;

    public int Count { get; private set; }

    public int First { get; private set; } = None;

    public int Last { get; private set; } = None;

    /// <summary>Unfinished prompts in order of admission.</summary>
    public ReadOnlySpan<int> Prefilling => _prefilling.Span;

    public void Append(int request)
    {
        ref var state = ref requests[request];
        state.Admission = _nextAdmission++;
        state.Previous = Last;
        state.Next = None;
        if (Last == None)
            First = request;
        else
            requests[Last].Next = request;
        Last = request;
        Count++;
        _prefilling.Add(request);
    }

    public void Remove(int request)
    {
        ref var state = ref requests[request];
        if (state.Previous == None)
            First = state.Next;
        else
            requests[state.Previous].Next = state.Next;
        if (state.Next == None)
            Last = state.Previous;
        else
            requests[state.Next].Previous = state.Previous;
        Count--;
        if (state.Phase == RequestPhase.Prefilling)
            EndPrompt(request);
    }

    public void EndPrompt(int request) => _prefilling.RemoveAt(_prefilling.Span.IndexOf(request));
}
