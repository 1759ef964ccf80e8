using System.Text.Json;

namespace Podvirt.Server.Client;

/// <summary>Where a running server is reached: kept in its data folder while it runs, for its owner only.</summary>
/// <param name="Address">For example <c>http://127.0.0.1:8080</c>.</param>
/// <param name="Pid">The server's process.</param>
internal sealed record ServerFile(string Address, int Pid)
{
    public const string FileName = "server.json";

    public static string PathIn(string dataDirectory) => Path.Combine(dataDirectory, FileName);

    /// <summary>Null when no server has left its address.</summary>
    public static ServerFile? Read(string dataDirectory)
    {
        var path = PathIn(dataDirectory);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<ServerFile>(File.ReadAllText(path), JsonSerializerOptions.Web) : null;
        }
        catch (JsonException)
        {
            // Not a server's file: as good as none, and the message says how to start one.
            return null;
        }
    }

    public void Write(string dataDirectory)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        var path = PathIn(dataDirectory);
        File.Delete(path);
        using var stream = new FileStream(path, options);
        JsonSerializer.Serialize(stream, this, JsonSerializerOptions.Web);
    }

    public static void Remove(string dataDirectory) => File.Delete(PathIn(dataDirectory));
}
