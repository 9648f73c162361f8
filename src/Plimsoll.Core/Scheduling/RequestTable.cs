using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// Request states in one array; a slot is reused once its request is gone, under another name.
/// </summary>
sealed class RequestTable
{
    const int None = -1;

    RequestState[] _states = new RequestState[64];
    int _unused = None;
    int _used;

    public int Count { get; private set; }

    public ref RequestState this[int slot] => ref _states[slot];

    public bool Contains(RequestId request) =>
        (uint)request.Slot < (uint)_used && _states[request.Slot].Generation == request.Generation
        && _states[request.Slot].Phase != RequestPhase.Unknown;

    public RequestId IdOf(int slot) => new(slot, _states[slot].Generation);

    /// <summary>
    /// A slot whose generation is new and whose other fields are as its last request left them.
    /// </summary>
    public int Take()
    {
        Count++;
        var slot = _unused;
        if (slot != None)
        {
            _unused = _states[slot].Next;
        }
        else
        {
            if (_used == _states.Length)
                Array.Resize(ref _states, 2 * _used);
            slot = _used++;
        }
        _states[slot].Generation++;
        return slot;
    }

    public void Return(int slot)
    {
        Count--;
        ref var state = ref _states[slot];
        state.Phase = RequestPhase.Unknown;
        state.PrefixKeys = default;
        state.Next = _unused;
        _unused = slot;
    }
}
