using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Engine.LlamaCpp;

namespace Plimsoll.EngineFigures;

/// <summary>What computes a figure: the options of <c>plimsoll serve</c> that say so.</summary>
sealed record Computing(LlamaLibraryOptions Library, int GpuLayers)
{
    public static Computing Of(string[] arguments)
    {
        var computing = new Computing(new LlamaLibraryOptions(), 0);
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            var (name, value) = (arguments[i], arguments[i + 1]);
            computing = name switch
            {
                "--lib" => computing with { Library = computing.Library with { Path = value } },
                "--backend" => computing with { Library = computing.Library with { Backend = value } },
                "--gpu-layers" => computing with
                {
                    GpuLayers = int.Parse(value, CultureInfo.InvariantCulture),
                },
                _ => throw new BadInputException($"{name}: expected --lib, --backend or --gpu-layers"),
            };
        }
        return computing;
    }

    public LlamaOptions On(LlamaOptions options) =>
        options with { Library = Library, GpuLayers = GpuLayers };

    public override string ToString() =>
        GpuLayers > 0 ? $", {GpuLayers} layers on {Library.Backend}" : "";
}
