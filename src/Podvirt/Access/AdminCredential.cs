using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Podvirt.Access;

/// <summary>The one credential of the operator. Only its hash is held.</summary>
internal sealed class AdminCredential(string token)
{
    public const string Variable = "PODVIRT_ADMIN_TOKEN";

    /// <summary>Name of the file in the data folder.</summary>
    public const string FileName = "admin-token";

    private readonly byte[] _hash = Hash(token);

    /// <summary>
    /// The environment's token, else the one in the data folder, else a new one that is kept there, readable by its owner only.
    /// </summary>
    /// <exception cref="InvalidOperationException">The given token cannot stand in a header.</exception>
    public static AdminCredential Load(string dataDirectory, string? fromEnvironment)
    {
        if (!string.IsNullOrEmpty(fromEnvironment))
        {
            return fromEnvironment.Any(c => c is <= ' ' or > '~')
                ? throw new InvalidOperationException($"{Variable} takes printable ASCII characters without spaces.")
                : new AdminCredential(fromEnvironment);
        }
        var path = Path.Combine(dataDirectory, FileName);
        if (File.Exists(path))
        {
            var kept = File.ReadAllText(path).Trim();
            return kept.Length == 0
                ? throw new InvalidOperationException($"{path} holds no token. Delete the file to have a new one made.")
                : new AdminCredential(kept);
        }
        var token = NewSecret();
        PrivateFile.Write(path, token + "\n");
        return new AdminCredential(token);
    }

    /// <summary>Takes the same time whatever the difference.</summary>
    public bool Matches(string candidate) => CryptographicOperations.FixedTimeEquals(_hash, Hash(candidate));

    /// <summary>256 random bits.</summary>
    public static string NewSecret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

/// <summary>Files that only their owner may read.</summary>
internal static class PrivateFile
{
    /// <summary>Writes beside the target and renames, so that a reader never sees half of it.</summary>
    public static void Write(string path, string content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        var temporary = path + ".new";
        // A leftover would keep its own permissions.
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(Encoding.UTF8.GetBytes(content));
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }
}
