using System.Linq;
using System.Text;
using Plimsoll.Core.Draws;
using Plimsoll.Engine.Grammars;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.Grammars;

public sealed class GrammarWalkTests
{
    public static TheoryData<string> Grammars =>
    [
        "root ::= \"yes\" | \"no\"",
        "root ::= [a-c]+ \"-\" [^0-9]{2,3}",
        "root ::= item (\",\" item)*\nitem ::= [0-9]+",
        "root ::= \"(\" root \")\" | \"\"",
        "root ::= (\"a\" | \"b\"){2,4} [é-ÿ一-鿿🚢-🛰]* (\"x\"? \"y\"?)*",
        "root ::= e\ne ::= t (\"+\" t)?\nt ::= \"(\" e \")\" | \"1\"",
        "root ::= [^\\x00-\\x60]? [^a]",
        "root ::= ((\"ab\"* | \"a\")? \"b\"{0,2}){1,3}",
    ];

    /// <summary>What is of the grammar is walked to an end, and what is not is not.</summary>
    [Theory]
    [MemberData(nameof(Grammars))]
    public void A_walk_takes_just_the_grammars_texts(string text)
    {
        var grammar = GbnfGrammar.Read(text);
        var meant = new GrammarText(grammar);
        var machine = new GrammarMachine(grammar);
        var random = new RandomStream(5);
        for (var i = 0; i < 200; i++)
        {
            var good = meant.Draw(ref random);
            Ends(machine, good).ShouldBeTrue(good);
            if (good.Length == 0)
                continue;
            var cut = random.NextBelow(good.Length);
            var other = good[..cut] + (char)(97 + random.NextBelow(4)) + good[(cut + 1)..];
            if (other.EnumerateRunes().All(rune => rune != Rune.ReplacementChar))
                Ends(machine, other).ShouldBe(meant.Matches(other), other);
        }
    }

    /// <summary>Texts that can be read in more ways than there are atoms; ways that meet are one.</summary>
    [Fact]
    public void Ways_that_meet_are_one()
    {
        var optional = string.Concat(Enumerable.Repeat("\"a\"?", 600));
        var machine = new GrammarMachine(GbnfGrammar.Read("root ::= " + optional));
        Ends(machine, new string('a', 600)).ShouldBeTrue();
        Ends(machine, new string('a', 601)).ShouldBeFalse();
        var same = string.Join("|", Enumerable.Repeat("\"a\"", 100));
        machine = new GrammarMachine(GbnfGrammar.Read($"root ::= ({same}){{1,50}}"));
        Ends(machine, new string('a', 50)).ShouldBeTrue();
        Ends(machine, new string('a', 51)).ShouldBeFalse();
    }

    /// <summary>Each character doubles the calls that the text may be inside of.</summary>
    [Fact]
    public void Too_many_ways_that_never_meet_are_given_up()
    {
        var machine = new GrammarMachine(
            GbnfGrammar.Read("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"x\""));
        Should.Throw<GrammarTooCostlyException>(() => Ends(machine, new string('a', 40)));
        Ends(machine, "aaaxbcb").ShouldBeTrue();
    }

    /// <summary>Points are forgotten on the way, over and over; the text stays where it was.</summary>
    [Fact]
    public void A_long_text_is_walked_in_bounded_memory()
    {
        var machine = new GrammarMachine(
            GbnfGrammar.Read("root ::= \"[\" (root (\",\" root)*)? \"]\" | [0-9]{1,40}"));
        var text = new string('[', 5000) + "123,[4,56]" + new string(']', 5000);
        Ends(machine, text).ShouldBeTrue();
        Ends(machine, text + "]").ShouldBeFalse();
    }

    static bool Ends(GrammarMachine machine, string text)
    {
        var walk = new GrammarWalk(machine);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            var next = walk.Next(walk.At, value);
            if (next <= 0)
                return false;
            walk.Rest(next);
            walk.Tidy();
        }
        return walk.CanEnd;
    }
}
