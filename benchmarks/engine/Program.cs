using System;
using Plimsoll.EngineFigures;

switch (args)
{
    case ["agree", var model, .. var rest]:
        return await Agreement.PrintAsync(Console.Out, model, rest is [var count] ? int.Parse(count) : 256);
    case ["live", var file, .. var more]:
        await LiveAndSimulated.PrintAsync(
            Console.Out, file, more is [var requests] ? int.Parse(requests) : 200);
        return 0;
    default:
        Console.Error.WriteLine("expected: agree MODEL.gguf [SEQUENCES], or live MODEL.gguf [REQUESTS]");
        return 2;
}
