using System.Linq;
using Plimsoll.Engine.Drafting;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.Drafting;

public sealed class DrafterTests
{
    [Fact]
    public void A_text_is_guessed_to_go_on_as_it_did_before()
    {
        var drafter = new Drafter();
        drafter.Guess("a", [1, 2, 3, 4, 9, 1, 2, 3], 3).ShouldBe([4, 9, 1]);
        drafter.Guess("a", [1, 2, 3, 4], 3).ShouldBeNull();
        drafter.Guess("a", [5], 3).ShouldBeNull();
    }

    [Fact]
    public void A_tenants_texts_are_nobody_elses_guesses()
    {
        var drafter = new Drafter();
        drafter.Remember("a", [1, 2, 3, 4]);
        drafter.Remember("a", [7, 8, 9]);
        drafter.Guess("a", [0, 1, 2], 5).ShouldBe([3, 4]);
        drafter.Guess("b", [0, 1, 2], 5).ShouldBeNull();
    }

    [Fact]
    public void Memory_is_bounded_and_the_newest_text_stays()
    {
        var drafter = new Drafter();
        for (var i = 0; i < 300; i++)
            drafter.Remember("a", Enumerable.Range(10 * i, 2000).ToArray());
        drafter.Remember("a", [8, 50_001, 50_002, 50_003]);
        drafter.Guess("a", [9, 50_001, 50_002], 2).ShouldBe([50_003]);
    }

    [Fact]
    public void Acceptance_follows_what_came_true()
    {
        var drafter = new Drafter();
        for (var i = 0; i < 200; i++)
            drafter.Learn(4, 4);
        drafter.Acceptance.ShouldBeGreaterThan(0.9);
        for (var i = 0; i < 400; i++)
            drafter.Learn(4, 0);
        drafter.Acceptance.ShouldBeLessThan(0.1);
    }
}
