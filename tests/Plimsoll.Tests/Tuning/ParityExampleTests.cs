using System.Linq;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Training;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class ParityExampleTests
{
    const int End = 2;

    static readonly GreedyAnswer _trainer = new([5, 7, End], [6, 9, 8], [3, 0.001, 4]);

    [Theory]
    [InlineData(new[] { 5, 7, End }, null)]
    [InlineData(new[] { 5, 7 }, null)]
    [InlineData(new[] { 5, 9, 1 }, 0.001)]
    [InlineData(new[] { 5, 4 }, null)]
    [InlineData(new[] { 5 }, null)]
    [InlineData(new[] { 5, 7, 8 }, 4.0)]
    [InlineData(new[] { 5, 7, 1 }, null)]
    public void Where_answers_part_the_trainers_margin_is_known_for_its_second_choice_only(
        int[] engine, double? margin) =>
        ParityExample.Of("p", _trainer, engine, [End]).Margin.ShouldBe(margin);

    [Fact]
    public void An_engine_that_ends_early_has_said_an_end() => ParityExample.Of(
        "p", new GreedyAnswer([5, 7], [6, End], [3, 0.5]), [5], [End]).Margin.ShouldBe(0.5);

    [Fact]
    public void Ties_are_counted_apart_and_excuse_nothing()
    {
        ParityExample[] examples =
        [
            .. Enumerable.Repeat(new ParityExample("p", [1], [1]), 17),
            new("tie", [1], [2], Gates.Tie / 2), new("turned", [1], [2], 1), new("other", [1], [3]),
        ];
        var outcome = Gates.Parity(examples, quantised: false, needed: 20);
        outcome.Verdict.ShouldBe(GateVerdict.Failed);
        outcome.Facts["ties"]!.GetValue<int>().ShouldBe(1);
        outcome.Evidence.ShouldContain("17 of 20 answers are token for token the trainer's, 1 parts at a");
        Gates.Parity(examples[..18], quantised: false, needed: 18).Verdict.ShouldBe(GateVerdict.Failed);
    }
}
