using System;
using Plimsoll.EngineFigures;

switch (args)
{
    case ["agree", var model, .. var rest]:
        return await Agreement.PrintAsync(Console.Out, model, rest is [var count] ? int.Parse(count) : 256);
    case ["live", var file, var requests, .. var more]:
        await LiveAndSimulated.PrintAsync(Console.Out, file, int.Parse(requests), Computing.Of(more));
        return 0;
    case ["steps", var gguf, .. var more]:
        DecodeSteps.Print(Console.Out, gguf, Computing.Of(more));
        return 0;
    case ["check", var gguf, .. var more]:
        DecodeSteps.PrintLogits(Console.Out, gguf, Computing.Of(more));
        return 0;
    default:
        Console.Error.WriteLine(
            "expected: agree MODEL.gguf [SEQUENCES], live MODEL.gguf REQUESTS, steps MODEL.gguf or check "
            + "MODEL.gguf; all but the first take --lib FOLDER --backend NAME --gpu-layers N");
        return 2;
}
