using Plimsoll.Core.Hardware;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>What is meant where nothing is named: the essay's case, a 70B model on H100s.</summary>
public static class Usual
{
    public const string Model = "Llama-3.3-70B";

    /// <summary>What a narrow task moves to, and what a server shows by itself.</summary>
    public const string SmallModel = "Llama-3.1-8B";

    public const string Accelerator = "h100_sxm";

    public const string Workload = "chat";

    public const string Engine = EngineSettings.UsualEngine;
}
