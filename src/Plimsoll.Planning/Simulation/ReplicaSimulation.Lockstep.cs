namespace Plimsoll.Planning.Simulation;

/// <summary>A rank whose steps begin and end with those of others.</summary>
sealed partial class ReplicaSimulation
{
    public long NowNs => _nowNs;

    /// <summary>Plans the step that begins now; returns how long it would last alone, 0 for none.</summary>
    public long Prepare(long nowNs)
    {
        _nowNs = nowNs;
        if (IsDone)
            return 0;
        Begin();
        return _inFlight is null ? 0 : _stepNs;
    }

    /// <summary>
    /// The step that was prepared ends with the slowest rank's. Returns whether a request ended.
    /// </summary>
    public bool Complete(long endNs)
    {
        if (_inFlight is null)
        {
            _nowNs = endNs;
            return false;
        }
        _stepNs = endNs - _nowNs;
        EndOne();
        return _outcomeCount > 0;
    }
}
