using System.CommandLine;
using System.IO;
using Plimsoll.Core;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll completion SHELL</c>: a script that asks the binary itself what fits.</summary>
sealed class CompletionVerb(TextWriter output)
{
    public Command Build()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish", HelpName = "SHELL" };
        shell.CompletionSources.Add("bash", "zsh", "fish");
        var command = new Command("completion", "Shell completion: source the printed script.") { shell };
        command.SetAction(parsed =>
        {
            output.Write(Script(parsed.GetValue(shell)!));
            return CommandLine.Done;
        });
        return command;
    }

    static string Script(string shell) => shell switch
    {
        "bash" => """
            # source <(plimsoll completion bash)
            _plimsoll() {
                local IFS=$'\n'
                COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" \
                    -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _plimsoll plimsoll ./plimsoll

            """,
        "zsh" => """
            # source <(plimsoll completion zsh)
            _plimsoll() {
                local -a found
                found=("${(@f)$(${words[1]} "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
                compadd -a found || _files
            }
            compdef _plimsoll plimsoll ./plimsoll

            """,
        "fish" => """
            # plimsoll completion fish | source
            function __plimsoll
                set -l line (commandline -cp)
                set -l words (commandline -opc)
                $words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
            end
            complete -c plimsoll -a '(__plimsoll)'

            """,
        _ => throw new BadInputException($"completion {shell}: expected bash, zsh or fish"),
    };
}
