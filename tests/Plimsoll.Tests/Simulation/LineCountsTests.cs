using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

public sealed class LineCountsTests
{
    /// <summary>Lines of a hundred that came: unanswered and waiting half way, and at the end.</summary>
    [Theory]
    [InlineData(20, 0, 22, 0, false)]
    [InlineData(20, 20, 40, 40, true)]
    [InlineData(20, 20, 37, 37, null)]
    [InlineData(50, 0, 100, 0, null)]
    [InlineData(50, 5, 100, 30, true)]
    [InlineData(0, 0, 9, 9, false)]
    [InlineData(16, 16, 31, 31, null)]
    [InlineData(36, 36, 47, 47, false)]
    public void Lines_that_wait_tell_and_those_under_way_do_not(
        double unanswered, double waiting, double atTheEnd, double waitingAtTheEnd, bool? isOverloaded) =>
        new LineCounts(unanswered, waiting)
            .IsOverloaded(new LineCounts(atTheEnd, waitingAtTheEnd), came: 100).ShouldBe(isOverloaded);
}
