using System;
using System.Diagnostics;
using System.Text;
using Plimsoll.Engine;
using Plimsoll.Engine.Grammars;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.Grammars;

public sealed class GbnfGrammarTests
{
    [Theory]
    [InlineData("", "is empty")]
    [InlineData("# only a remark\n", "is empty")]
    [InlineData("start ::= \"a\"", "no rule named root")]
    [InlineData("root ::= other", "rule root names other, which is not there")]
    [InlineData("root ::= root \"a\"", "begins with itself")]
    [InlineData("root ::= a \"x\"\na ::= \"\"? b\nb ::= root | \"y\"", "begins with itself")]
    [InlineData("root ::= (\"a\" | root)*", "begins with itself")]
    [InlineData("root ::= \"a\" root", "can never be finished")]
    [InlineData("root ::= []", "can never be finished")]
    [InlineData("root ::= \"a\" b\nb ::= \"c\" b \"d\" | b2\nb2 ::= \"e\" b", "can never be finished")]
    [InlineData("root ::= \"a", "a literal is never closed")]
    [InlineData("root ::= [a", "a character set is never closed")]
    [InlineData("root ::= (\"a\"", "is never closed")]
    [InlineData("root ::= \"a\" )", "')' has no meaning here")]
    [InlineData("root := \"a\"", "'::=' was expected")]
    [InlineData("root ::= *", "repeats nothing")]
    [InlineData("root ::= \"a\"{3,1}", "is no number")]
    [InlineData("root ::= \"a\"{99999}", "repeats more than 2000 times")]
    [InlineData("root ::= ((\"a\"{2000}){2000}){2000}", "unrolls to more than")]
    [InlineData("root ::= \"\\q\"", "the escape \\q is not known")]
    [InlineData("root ::= [z-a]", "ends before it begins")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "rule root is there twice")]
    [InlineData("root ::= <[12]>", "tokens by number or name")]
    public void A_grammar_that_no_answer_can_be_held_to_is_refused(string text, string problem)
    {
        var refusal = Should.Throw<EngineRefusalException>(() => GbnfGrammar.Read(text));
        refusal.Message.ShouldContain(problem);
        refusal.Message.ShouldNotContain('\n');
    }

    [Fact]
    public void Nesting_without_end_is_refused() => Should.Throw<EngineRefusalException>(
        () => GbnfGrammar.Read("root ::= " + new string('(', 5000) + "\"a\"" + new string(')', 5000)))
            .Message.ShouldContain("nested more than");

    [Fact]
    public void Repeats_of_repeats_without_end_are_refused() => Should.Throw<EngineRefusalException>(
        () => GbnfGrammar.Read("root ::= \"a\"" + new string('*', 200_000)))
            .Message.ShouldContain("repeats one thing more than 8 times over");

    /// <summary>Each rule is finished only once the next one is, over as many rules as fit.</summary>
    [Fact]
    public void A_long_chain_of_rules_is_read_in_linear_time()
    {
        var text = new StringBuilder("root ::= \"a\" r0\n");
        for (var i = 0; i < 11_000; i++)
            text.Append($"r{i} ::= \"a\" r{i + 1}\n");
        text.Append("r11000 ::= \"b\"\n");
        var time = Stopwatch.StartNew();
        GbnfGrammar.Read(text.ToString()).Rules.Count.ShouldBe(11_002);
        time.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    [Theory]
    [InlineData("root ::= \"yes\" | \"no\"", "no", "maybe")]
    [InlineData("root ::= [a-c]+ \"-\" [^0-9]{2,3}", "abc-xy", "abc-x1")]
    [InlineData("root ::= item (\",\" item)*\nitem ::= [0-9]+ # digits\n", "1,22,3", "1,,2")]
    [InlineData("root ::= \"(\" root \")\" | \"\"", "(())", "(()")]
    [InlineData("root ::= (\"a\" |\n  \"b\") \"\\x41\\u00e9\"", "bAé", "b")]
    [InlineData("root ::= .{2} \"\\n\"?", "🚢!", "🚢")]
    public void A_grammar_is_read_as_it_is_meant(string text, string good, string bad)
    {
        var grammar = new GrammarText(GbnfGrammar.Read(text));
        grammar.Matches(good).ShouldBeTrue();
        grammar.Matches(bad).ShouldBeFalse();
    }
}
