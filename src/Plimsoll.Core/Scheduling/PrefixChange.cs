namespace Plimsoll.Core.Scheduling;

/// <summary>
/// A change of the prefix cache, for an executor that keeps the KV itself: a node now names blocks that a
/// request computed, or it is forgotten and its memory is another's.
/// </summary>
/// <param name="Node">The node; its number is free again after it was evicted.</param>
/// <param name="Key">What it names: its tokens and all before them.</param>
/// <param name="Parent">The node before it; negative for a prompt's first.</param>
/// <param name="Holder">The request in whose sequence the KV lies;
/// <see cref="RequestId.None"/>: evicted.</param>
public readonly record struct PrefixChange(int Node, ulong Key, int Parent, RequestId Holder)
{
    public bool IsEviction => Holder.IsNone;
}
