using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticFiles;
using Podvirt.Access;

namespace Podvirt.ConsoleSite;

/// <summary>The console's files: the page for every console address, and one endpoint for each asset that was built.</summary>
internal sealed partial class ConsolePages(AccessGate gate, PodvirtOptions options, ConsoleSwitch console)
{
    /// <summary>Stands in the built page wherever the nonce of its inline styles belongs.</summary>
    private const string NonceMark = "%STYLE_NONCE%";

    private const int NonceBytes = 16;

    /// <summary>The build's compressed copy of an asset.</summary>
    private const string CompressedSuffix = ".br";

    private const string NotBuilt = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Podvirt</title>
        <style nonce="%STYLE_NONCE%">body { font-family: system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; line-height: 1.5 }</style>
        <body>
        <h1>The console has not been built</h1>
        <p>The server runs, and its API works. To build the console, run <code>./build.sh</code> in the repository and start the server again.</p>
        </body>
        </html>
        """;

    private static readonly string[] _methods = [HttpMethods.Get, HttpMethods.Head];

    private readonly FileExtensionContentTypeProvider _types = new();

    /// <summary>After all endpoints of the host, so that its own start page comes first.</summary>
    public void Map(IEndpointRouteBuilder endpoints)
    {
        Add(endpoints, "/", context =>
        {
            context.Response.Redirect(ConsoleLink.HomePath);
            return Task.CompletedTask;
        });
        Add(endpoints, "/inference/{**path}", SendPageAsync);
        if (!Directory.Exists(options.ConsoleDirectory))
        {
            return;
        }
        // One endpoint for each file that is there: no address can reach any other.
        foreach (var file in Directory.EnumerateFiles(options.ConsoleDirectory, "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(options.ConsoleDirectory, file).Replace('\\', '/');
            if (path != "index.html" && !path.EndsWith(CompressedSuffix, StringComparison.Ordinal) && !path.Contains('{', StringComparison.Ordinal))
            {
                Add(endpoints, "/" + path, context => SendFileAsync(context, file));
            }
        }
    }

    private void Add(IEndpointRouteBuilder endpoints, string pattern, RequestDelegate handler)
    {
        var endpoint = endpoints.MapMethods(pattern, _methods, (RequestDelegate)(context =>
        {
            console.ThrowIfOff();
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = Policy("'self'");
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            return handler(context);
        }));
        endpoint.WithOrder(int.MaxValue);
        gate.Guard(endpoint, Entry.Open);
    }

    private async Task SendPageAsync(HttpContext context)
    {
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceBytes));
        context.Response.Headers.ContentSecurityPolicy = Policy($"'self' 'nonce-{nonce}'");
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.ContentType = "text/html; charset=utf-8";
        var file = Path.Combine(options.ConsoleDirectory, "index.html");
        var page = File.Exists(file) ? await File.ReadAllTextAsync(file, context.RequestAborted) : NotBuilt;
        await WriteAsync(context, Encoding.UTF8.GetBytes(page.Replace(NonceMark, nonce, StringComparison.Ordinal)));
    }

    private static string Policy(string styles) =>
        $"default-src 'self'; style-src {styles}; img-src 'self' data:; media-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

    private Task SendFileAsync(HttpContext context, string file)
    {
        // The build puts a hash of the content in the names of what it bundles; a name without one may change its content.
        context.Response.Headers.CacheControl = HashedName().IsMatch(Path.GetFileName(file)) ? "public, max-age=31536000, immutable" : "no-cache";
        context.Response.ContentType = _types.TryGetContentType(file, out var type) ? type : "application/octet-stream";
        context.Response.Headers.Vary = "Accept-Encoding";
        if (TakesBrotli(context.Request) && File.Exists(file + CompressedSuffix))
        {
            context.Response.Headers.ContentEncoding = "br";
            return WriteFileAsync(context, file + CompressedSuffix);
        }
        return WriteFileAsync(context, file);
    }

    private static bool TakesBrotli(HttpRequest request) => request.GetTypedHeaders().AcceptEncoding.Any(e => e.Value == "br" && e.Quality is not 0);

    private static async Task WriteFileAsync(HttpContext context, string file)
    {
        context.Response.ContentLength = new FileInfo(file).Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.SendFileAsync(file, context.RequestAborted);
        }
    }

    private static async Task WriteAsync(HttpContext context, byte[] body)
    {
        context.Response.ContentLength = body.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    [GeneratedRegex(@"-[A-Za-z0-9_-]{8,}\.[A-Za-z0-9.]+$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HashedName();
}
