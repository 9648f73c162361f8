using System;
using System.Text;

namespace Plimsoll.Inputs.Templates;

/// <summary>
/// One rendering: where its text goes and how much it may still do. A template comes out of a file that
/// somebody else made, so one that loops or grows without end is stopped.
/// </summary>
sealed class Rendering(DateTime now)
{
    const int MostWork = 2_000_000;
    const int MostText = 16 << 20;
    const int DeepestCalls = 100;

    int _work;
    int _depth;

    public StringBuilder Output { get; set; } = new();

    /// <summary>What <c>strftime_now</c> calls now.</summary>
    public DateTime Now { get; } = now;

    public void Work(long amount = 1)
    {
        if (amount > MostWork - _work)
        {
            throw new TemplateException(
                $"the chat template does more than {MostWork:N0} things for one prompt");
        }
        _work += (int)amount;
    }

    public void Write(string text)
    {
        Work(1 + text.Length / 64);
        if (Output.Length + text.Length > MostText)
            throw new TemplateException($"the chat template writes more than {MostText:N0} characters");
        Output.Append(text);
    }

    public void Enter()
    {
        if (++_depth > DeepestCalls)
        {
            throw new TemplateException(
                $"the chat template calls itself more than {DeepestCalls} times deep");
        }
    }

    public void Leave() => _depth--;

    /// <summary>What an action writes, instead of writing it.</summary>
    public string Capture(Action action)
    {
        var outer = Output;
        Output = new StringBuilder();
        Enter();
        try
        {
            action();
            return Output.ToString();
        }
        finally
        {
            Leave();
            Output = outer;
        }
    }
}
