using System.Text;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos.Forms;

/// <summary>What was asked for, as far as Podvirt looks at it; all of it, but the model, is in the spool.</summary>
/// <param name="spool">Takes the parts down as they come.</param>
internal sealed class VideoForm(SpoolFile spool, string boundary)
{
    public const int PromptCharsMax = 32_000;
    public const int FieldsMax = 64;

    // Prompts are the longest fields there are, and a character has at most four bytes.
    private const int TextBytesMax = PromptCharsMax * 4;
    private const int NameCharsMax = 128;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly string[] s_settings = ["seed", "fps", "num_inference_steps", "guidance_scale", "negative_prompt"];
    private static readonly string[] s_read = ["prompt", "model", "seconds", "size", "num_frames", .. s_settings];

    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Between its parts; nobody could know it when they wrote theirs.</summary>
    public string Boundary => boundary;

    public string? this[string name] => _fields.GetValueOrDefault(name);

    /// <summary>What else it was asked for with, as far as it is remembered with the job.</summary>
    public IReadOnlyDictionary<string, string> Settings =>
        s_settings.Where(_fields.ContainsKey).ToDictionary(name => name, name => _fields[name], StringComparer.Ordinal);

    public static string NewBoundary() => "podvirt-" + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(24));

    /// <summary>Takes a field.</summary>
    /// <exception cref="FormRefusedException">It cannot be passed on.</exception>
    public async ValueTask AddAsync(string name, ReadOnlyMemory<byte> value)
    {
        Count(name);
        if (value.Length > TextBytesMax)
        {
            throw new FormRefusedException(VideoErrors.Invalid(name, $"'{name}' has more than {TextBytesMax} bytes. Only files may."));
        }
        if (s_read.Contains(name, StringComparer.Ordinal) && !_fields.TryAdd(name, TextOf(name, value)))
        {
            throw new FormRefusedException(VideoErrors.Invalid(name, $"'{name}' is there twice: which one counts would be a guess."));
        }
        if (name != "model")
        {
            await WriteAsync($"Content-Disposition: form-data; name=\"{name}\"\r\n\r\n", value);
        }
    }

    /// <summary>Takes a file, as it comes.</summary>
    /// <exception cref="FormRefusedException">It cannot be passed on.</exception>
    public async ValueTask AddFileAsync(string name, string fileName, string? contentType, Stream content, Memory<byte> buffer)
    {
        Count(name);
        if (s_read.Contains(name, StringComparer.Ordinal))
        {
            throw new FormRefusedException(VideoErrors.Invalid(name, $"'{name}' is a file. Send it as a text field."));
        }
        var head = $"Content-Disposition: form-data; name=\"{name}\"; filename=\"{Harmless(fileName)}\"\r\n"
            + $"Content-Type: {(contentType is null ? "application/octet-stream" : Harmless(contentType))}\r\n\r\n";
        await WriteAsync(head, default, end: false);
        int read;
        while ((read = await content.ReadAsync(buffer)) > 0)
        {
            await spool.WriteAsync(buffer[..read]);
        }
        await spool.WriteAsync("\r\n"u8.ToArray());
    }

    /// <summary>What goes before the spooled parts when they are sent.</summary>
    public static byte[] Head(string boundary, string servedAs) =>
        s_utf8.GetBytes($"--{boundary}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{servedAs}\r\n");

    /// <summary>What goes behind them.</summary>
    public static byte[] End(string boundary) => s_utf8.GetBytes($"--{boundary}--\r\n");

    private static string TextOf(string name, ReadOnlyMemory<byte> value)
    {
        try
        {
            return s_utf8.GetString(value.Span);
        }
        catch (DecoderFallbackException)
        {
            throw new FormRefusedException(VideoErrors.Invalid(name, $"'{name}' is not valid UTF-8."));
        }
    }

    // A part's head is ended by a line's end, and a name in it by a quote.
    private static string Harmless(string text) =>
        string.Concat(text.Take(255).Select(c => c is '"' or '\\' or < ' ' or '\x7f' ? '_' : c));

    private void Count(string name)
    {
        if (++_count > FieldsMax)
        {
            throw new FormRefusedException(VideoErrors.InvalidForm($"The form has more than {FieldsMax} fields."));
        }
        if (name.Length is 0 or > NameCharsMax || name.Any(c => c is <= ' ' or > '~' or '"' or '\\'))
        {
            throw new FormRefusedException(VideoErrors.InvalidForm($"A field's name takes 1 to {NameCharsMax} printable ASCII characters, no quotes."));
        }
    }

    private async ValueTask WriteAsync(string head, ReadOnlyMemory<byte> value, bool end = true)
    {
        await spool.WriteAsync(s_utf8.GetBytes($"--{boundary}\r\n{head}"));
        if (end)
        {
            await spool.WriteAsync(value);
            await spool.WriteAsync("\r\n"u8.ToArray());
        }
    }
}
