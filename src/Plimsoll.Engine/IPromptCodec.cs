using System;
using System.Collections.Generic;
using System.Text.Json;

namespace Plimsoll.Engine;

/// <summary>A model's text: its tokenizer and its chat template.</summary>
public interface IPromptCodec
{
    int VocabularySize { get; }

    /// <summary>How the model writes that it calls a tool.</summary>
    ToolCallStyle ToolCalls { get; }

    /// <param name="text">Any text.</param>
    /// <param name="addSpecial">Whether the beginning of a sequence is marked as the model expects.</param>
    int[] Encode(ReadOnlySpan<char> text, bool addSpecial);

    string Decode(ReadOnlySpan<int> tokens);

    /// <summary>Whether a chat may hold images.</summary>
    bool TakesImages => false;

    /// <summary>A rendered chat that holds images, in the order in which they stand in it.</summary>
    EncodedPrompt Encode(string text, IReadOnlyList<ImagePixels> images) =>
        throw new EngineRefusalException("this model takes no images");

    /// <summary>
    /// The prompt of a chat. Throws <see cref="EngineRefusalException"/> where the model's template
    /// knows no such message.
    /// </summary>
    /// <param name="messages">OpenAI's <c>messages</c> array.</param>
    /// <param name="tools">OpenAI's <c>tools</c> array, or undefined.</param>
    string RenderChat(JsonElement messages, JsonElement tools, bool addGenerationPrompt);
}
