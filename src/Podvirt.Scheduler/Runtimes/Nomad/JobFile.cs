using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>The file that engine jobs are made from: the built-in one of a driver, or an operator's own.</summary>
internal sealed partial class JobFile
{
    private readonly HashSet<string> _declared;

    /// <exception cref="IOException">It cannot be read.</exception>
    public JobFile(NomadOptions options)
    {
        Text = options.Template is { } path ? File.ReadAllText(path) : BuiltIn(options.Driver);
        _declared = [.. Declaration().Matches(Text).Select(match => match.Groups["name"].Value)];
    }

    public string Text { get; }

    /// <summary>In the syntax of a variables file. What the file does not declare is left out: Nomad would refuse it.</summary>
    public string Assign(IEnumerable<(string Name, object Value)> variables)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in variables.Where(variable => _declared.Contains(variable.Name)))
        {
            text.Append(name).Append(" = ").Append(Literal(value)).Append('\n');
        }

        return text.ToString();
    }

    private static string Literal(object value) => value switch
    {
        string text => Quote(text),
        IEnumerable<string> items => $"[{string.Join(", ", items.Select(Quote))}]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"{value.GetType().Name} has no literal.", nameof(value)),
    };

    /// <summary>Nothing in it is an expression.</summary>
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c switch
            {
                '\\' => "\\\\",
                '"' => "\\\"",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString().Replace("${", "$${", StringComparison.Ordinal).Replace("%{", "%%{", StringComparison.Ordinal);
    }

    private static string BuiltIn(NomadDriver driver)
    {
        var name = driver == NomadDriver.Docker ? "engine.nomad.hcl" : "engine-raw-exec.nomad.hcl";
        using var stream = typeof(JobFile).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("^\\s*variable\\s+\"(?<name>[^\"]+)\"", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Declaration();
}
