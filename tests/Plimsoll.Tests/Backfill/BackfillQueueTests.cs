using System.Linq;
using CsCheck;
using Plimsoll.Planning.Backfill;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Backfill;

/// <summary>Lines that come evenly and wait for hours with room.</summary>
public sealed class BackfillQueueTests
{
    [Fact]
    public void What_finds_no_room_waits_for_the_hours_that_have_some()
    {
        // Two lines a second come; of four hours the first two have room for one, the others for four.
        var queue = new BackfillQueue([1, 1, 4, 4], lines: 2);
        queue.Done.ShouldBe([1, 1, 4, 2]);
        var (inTime, longest) = queue.Waits(windowHours: 0.5);
        // What the first hour leaves takes the second; what that leaves, half of the third.
        longest.ShouldBe(1);
        inTime.ShouldBe(0.75);
        queue.Waits(2).InTime.ShouldBe(1);
    }

    [Fact]
    public void Of_more_than_there_is_ever_room_for_as_much_is_done_as_fits()
    {
        var queue = new BackfillQueue([1, 3], lines: 4);
        queue.Done.ShouldBe([1, 3]);
        queue.Waits(24).ShouldBe((0.5, null));
    }

    /// <summary>Nothing is lost and nothing is done twice, hour by hour within its room.</summary>
    [Fact]
    public void All_that_comes_is_done_where_there_is_room() =>
        Gen.Select(Gen.Double[0, 10].Array[2, 60], Gen.Double[0.01, 9]).Sample((room, lines) =>
        {
            var queue = new BackfillQueue(room, lines);
            queue.Done.Average().ShouldBe(System.Math.Min(lines, room.Average()), 1e-6);
            queue.Done.Zip(room).ShouldAllBe(pair => pair.First <= pair.Second);
            var (inTime, longest) = queue.Waits(windowHours: 1000);
            if (longest is not null)
                inTime.ShouldBe(1);
        });
}
