using System;

namespace Plimsoll.Core;

/// <summary>
/// What the user gave cannot be used. The message is one line: what, where, what was expected. The binary
/// prints it to stderr and exits with 2.
/// </summary>
public sealed class BadInputException : Exception
{
    readonly BadInputText _line;

    /// <param name="line">The whole line, where no setting is spoken of.</param>
    public BadInputException(string line)
        : this((BadInputText)line)
    {
    }

    /// <param name="subject">A setting with its value, or a file and a line.</param>
    /// <param name="problem">What is wrong with it; empty where what was expected says it all.</param>
    /// <param name="expected">What would have been right.</param>
    public BadInputException(BadInputText subject, BadInputText problem, BadInputText expected)
        : this(Line(subject, problem, expected))
    {
        Subject = subject.ToString();
        Problem = problem.ToString();
        Expected = expected.ToString();
    }

    BadInputException(BadInputText line)
        : base(line.ToString())
    {
        _line = line;
    }

    /// <summary>What is wrong, in plain names; empty where only the whole line is known.</summary>
    public string Subject { get; } = "";

    public string Problem { get; } = "";

    public string Expected { get; } = "";

    /// <summary>The line with settings in the caller's own words, such as a flag's name.</summary>
    public string Say(Func<Setting, string> word) => _line.Say(word);

    static BadInputText Line(BadInputText subject, BadInputText problem, BadInputText expected) =>
        problem.ToString().Length == 0
            ? (BadInputText)$"{subject}: expected {expected}"
            : (BadInputText)$"{subject}: {problem}; expected {expected}";
}
