namespace Plimsoll.Core.Scheduling;

/// <summary>
/// The name of one request inside one scheduler. Slots are reused, names are not: a late word about a request
/// that is gone never reaches the one that took its slot.
/// </summary>
/// <param name="Slot">Small and dense, for an executor's own tables.</param>
/// <param name="Generation">How often the slot has been given out; 0 in <see cref="None"/>.</param>
public readonly record struct RequestId(int Slot, int Generation)
{
    /// <summary>No request's name.</summary>
    public static RequestId None => default;

    public bool IsNone => Generation == 0;
}
