using System.Collections.Generic;
using System.Text;
using Plimsoll.Engine;

namespace Plimsoll.Server.Api;

/// <summary>One answer as it is gathered for a response that is not streamed.</summary>
sealed class ChoiceText
{
    readonly StringBuilder _text = new();

    public List<AnswerToken> Tokens { get; } = [];

    public FinishReason Finish { get; private set; }

    public string Text => _text.ToString();

    /// <summary>What the engine said when it failed.</summary>
    public string? Failure { get; private set; }

    public void Add(in AnswerToken token)
    {
        if (token.Finish is FinishReason.Failed or FinishReason.Dropped or FinishReason.Cancelled)
            Failure = token.Text.Length > 0 ? token.Text : "the engine gave no answer";
        else
            _text.Append(token.Text);
        if (token.Token >= 0)
            Tokens.Add(token);
        if (token.Finish != FinishReason.None)
            Finish = token.Finish;
    }

    public static string NameOf(FinishReason finish, bool calledTool) => finish switch
    {
        FinishReason.Length => "length",
        _ when calledTool => "tool_calls",
        _ => "stop",
    };
}
