namespace Podvirt.Configuration;

/// <summary>One thing that is wrong with <c>podvirt.yaml</c>.</summary>
/// <param name="File">The file's name, as it is shown.</param>
/// <param name="Line">Counted from 1.</param>
/// <param name="Key">The path of the key, for example <c>models[2].gpu.memory</c>; empty for the file as a whole.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Remedy">What would be right.</param>
public sealed record ConfigError(string File, int Line, string Key, string Problem, string Remedy)
{
    public override string ToString()
    {
        var key = Key.Length == 0 ? "" : Key + ": ";
        return $"{File}:{Line}: {key}{Problem}; {Remedy}";
    }
}

/// <summary>The configuration is not valid. Holds every error that was found, in the order of their lines.</summary>
public sealed class PodvirtConfigException : Exception
{
    public PodvirtConfigException(IReadOnlyList<ConfigError> errors)
        : base(string.Join(Environment.NewLine, errors))
    {
        Errors = errors;
    }

    public PodvirtConfigException()
    {
    }

    public PodvirtConfigException(string message)
        : base(message)
    {
    }

    public PodvirtConfigException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public IReadOnlyList<ConfigError> Errors { get; } = [];
}

/// <summary>Collects what is wrong, so that one run reports all of it.</summary>
internal sealed class ConfigFindings(string file)
{
    private readonly List<ConfigError> _errors = [];
    private readonly List<ConfigError> _warnings = [];

    public string File => file;

    public bool HasErrors => _errors.Count > 0;

    public IReadOnlyList<ConfigError> Errors => [.. _errors.OrderBy(e => e.Line)];

    public IReadOnlyList<ConfigError> Warnings => [.. _warnings.OrderBy(e => e.Line)];

    public void Error(int line, string key, string problem, string remedy) => _errors.Add(new(file, line, key, problem, remedy));

    public void Warn(int line, string key, string problem, string remedy) => _warnings.Add(new(file, line, key, problem, remedy));
}
