using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>Request states in one array; a handle is an index, reused once its request is gone.</summary>
sealed class RequestTable
{
    const int None = -1;

    RequestState[] _states = new RequestState[64];
    int _unused = None;
    int _used;

    public int Count { get; private set; }

    public ref RequestState this[int request] => ref _states[request];

    public bool Contains(int request) =>
        (uint)request < (uint)_used && _states[request].Phase != RequestPhase.Unknown;

    public int Take()
    {
        Count++;
        var index = _unused;
        if (index != None)
        {
            _unused = _states[index].Next;
            return index;
        }
        if (_used == _states.Length)
            Array.Resize(ref _states, 2 * _used);
        return _used++;
    }

    public void Return(int request)
    {
        Count--;
        ref var state = ref _states[request];
        state.Phase = RequestPhase.Unknown;
        state.PrefixKeys = default;
        state.Next = _unused;
        _unused = request;
    }
}
