using System.Collections.Generic;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>Who was refused memory asks again only when the pool says that something changed.</summary>
public sealed class KvBlockPoolLaws
{
    const int Blocks = 24;
    const int BlocksPerNode = 2;

    /// <summary>The pool and what its callers hold of it.</summary>
    sealed class Callers
    {
        public KvBlockPool Pool { get; } = new(Blocks, BlocksPerNode);

        /// <summary>Allocated blocks that no prefix names.</summary>
        public int Plain { get; private set; }

        readonly List<int> _held = [];
        readonly List<int> _kept = [];
        readonly List<int> _known = [];
        ulong _keys;

        public int Held => Plain + (BlocksPerNode * DistinctHeld);

        int DistinctHeld => new HashSet<int>(_held).Count;

        public void Do(int what, int choice)
        {
            switch (what)
            {
                case 0 when choice % 6 <= Pool.FreeBlocks:
                    Pool.Allocate(choice % 6);
                    Plain += choice % 6;
                    // What was forgotten for it may be found no more, nor kept.
                    _known.RemoveAll(node => !_held.Contains(node));
                    break;
                case 1 when choice % 6 <= Plain:
                    Pool.Free(choice % 6);
                    Plain -= choice % 6;
                    break;
                case 2 when Plain >= BlocksPerNode:
                    var node = Pool.Insert(++_keys, parent: -1, new RequestId());
                    Plain -= BlocksPerNode;
                    _held.Add(node);
                    _known.Add(node);
                    break;
                case 3 when _known.Count > 0:
                    Pool.Hold(_known[choice % _known.Count]);
                    _held.Add(_known[choice % _known.Count]);
                    break;
                case 4 when _held.Count > 0:
                    var released = choice % _held.Count;
                    Pool.Release(_held[released]);
                    _held.RemoveAt(released);
                    break;
                case 5 when Plain > 0:
                    _kept.Add(Pool.Keep(Plain));
                    Plain = 0;
                    break;
                case 6 when _kept.Count > 0:
                    var run = _kept[^1];
                    _kept.RemoveAt(_kept.Count - 1);
                    Plain += Pool.KeptBlocks(run);
                    Pool.TakeBack(run);
                    break;
            }
        }
    }

    [Fact]
    public void It_says_so_whenever_blocks_come_free_and_counts_them() =>
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 1000]).Array[1, 80].Sample(deeds =>
        {
            var callers = new Callers();
            foreach (var (what, choice) in deeds)
            {
                var (free, epoch) = (callers.Pool.FreeBlocks, callers.Pool.Epoch);
                callers.Do(what, choice);
                callers.Pool.FreeBlocks.ShouldBe(Blocks - callers.Held);
                if (callers.Pool.FreeBlocks > free)
                    callers.Pool.Epoch.ShouldNotBe(epoch);
            }
        }, iter: 500);
}
