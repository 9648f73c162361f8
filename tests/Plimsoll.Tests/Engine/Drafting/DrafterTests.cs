using System;
using System.Linq;
using CsCheck;
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
        Guess(drafter, "a", [1, 2, 3, 4, 9, 1, 2, 3], 3).ShouldBe([4, 9, 1]);
        Guess(drafter, "a", [1, 2, 3, 4], 3).ShouldBeEmpty();
        Guess(drafter, "a", [5], 3).ShouldBeEmpty();
        Guess(drafter, "a", [], 3).ShouldBeEmpty();
    }

    [Fact]
    public void The_longest_run_decides_and_of_equal_ones_the_latest()
    {
        var drafter = new Drafter();
        Guess(drafter, "a", [7, 1, 2, 50, 8, 1, 2, 60, 7, 1, 2], 1).ShouldBe([50]);
        Guess(drafter, "a", [8, 1, 2, 50, 8, 1, 2, 60, 7, 1, 2], 1).ShouldBe([60]);
    }

    [Fact]
    public void A_longer_run_of_an_earlier_answer_beats_a_short_one_of_its_own()
    {
        var drafter = new Drafter();
        drafter.Remember("a", [4, 5, 1, 2, 70]);
        Guess(drafter, "a", [1, 2, 50, 4, 5, 1, 2], 1).ShouldBe([70]);
        Guess(drafter, "a", [1, 2, 50, 9, 1, 2], 1).ShouldBe([50]);
    }

    [Fact]
    public void A_tenants_texts_are_nobody_elses_guesses()
    {
        var drafter = new Drafter();
        drafter.Remember("a", [1, 2, 3, 4]);
        drafter.Remember("a", [7, 8, 9]);
        Guess(drafter, "a", [0, 1, 2], 5).ShouldBe([3, 4]);
        Guess(drafter, "a", [3, 4], 5).ShouldBeEmpty();
        Guess(drafter, "b", [0, 1, 2], 5).ShouldBeEmpty();
    }

    [Fact]
    public void Memory_is_bounded_and_the_newest_text_stays()
    {
        var drafter = new Drafter();
        for (var i = 0; i < 300; i++)
            drafter.Remember("a", Enumerable.Range(10 * i, 2000).ToArray());
        drafter.Remember("a", [8, 50_001, 50_002, 50_003]);
        Guess(drafter, "a", [9, 50_001, 50_002], 2).ShouldBe([50_003]);
        Guess(drafter, "a", [0, 1, 2], 2).ShouldBeEmpty();
    }

    [Fact]
    public void Of_too_many_tenants_the_longest_silent_is_forgotten()
    {
        var drafter = new Drafter();
        for (var i = 0; i < 64; i++)
            drafter.Remember($"t{i}", [1, 2, i]);
        Guess(drafter, "t0", [1, 2], 1).ShouldBe([0]);
        drafter.Remember("one more", [1, 2, 99]);
        Guess(drafter, "t0", [1, 2], 1).ShouldBe([0]);
        Guess(drafter, "t1", [1, 2], 1).ShouldBeEmpty();
    }

    /// <summary>Against a search of every place, in few enough tokens that runs are many.</summary>
    [Fact]
    public void It_finds_what_a_search_of_every_place_finds() =>
        Gen.Int[0, 3].List[0, 60].Sample(tokens =>
        {
            var text = tokens.ToArray();
            Guess(new Drafter(), "a", text, 4).ShouldBe(Naive(text, 4));
        });

    static int[] Naive(int[] text, int most)
    {
        var (best, at) = (1, -1);
        for (var place = text.Length - 2; place >= 1; place--)
        {
            var run = 0;
            while (run < 32 && run <= place && text[place - run] == text[^(run + 1)])
                run++;
            if (run > best)
                (best, at) = (run, place);
        }
        return at < 0 ? [] : text.Skip(at + 1).Take(most).ToArray();
    }

    static int[] Guess(Drafter drafter, string tenant, ReadOnlySpan<int> text, int most)
    {
        var own = new RunIndex();
        own.AddRest(text);
        return drafter.Guess(tenant, own, text, most).ToArray();
    }
}
