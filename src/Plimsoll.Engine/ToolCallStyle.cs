namespace Plimsoll.Engine;

/// <summary>How a model writes that it calls a tool, as its chat template taught it.</summary>
public enum ToolCallStyle : byte
{
    /// <summary>Not known, or not at all: what it says is text.</summary>
    None,

    /// <summary>Each call an object of name and arguments between <c>&lt;tool_call&gt;</c> tags.</summary>
    Tagged,

    /// <summary>The whole answer an object of name and parameters, or several; or a list of them.</summary>
    Bare,

    /// <summary>The whole answer a name and an object of arguments, or several one after the other.</summary>
    Named,
}

public static class ToolCallStyles
{
    /// <summary>The style that a template tells of: Hermes and Qwen tag, Llama 3 and Mistral do not, but
    /// for a token that begins the call and is no text; newer Mistral models name the tool before its
    /// arguments.</summary>
    public static ToolCallStyle Of(string? template) => template switch
    {
        null => ToolCallStyle.None,
        _ when template.Contains("<tool_call>") => ToolCallStyle.Tagged,
        _ when template.Contains("[ARGS]") => ToolCallStyle.Named,
        _ when template.Contains("[TOOL_CALLS]") || template.Contains("python_tag")
            || template.Contains("\"parameters\": dictionary") => ToolCallStyle.Bare,
        _ => ToolCallStyle.None,
    };
}
