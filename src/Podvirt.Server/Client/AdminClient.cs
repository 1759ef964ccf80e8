using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Podvirt.Server.Client;

/// <summary>Calls the admin API of a running server.</summary>
internal sealed class AdminClient : IDisposable
{
    /// <summary>The variable that holds the admin token; the server reads the same.</summary>
    public const string TokenVariable = "PODVIRT_ADMIN_TOKEN";

    /// <summary>The file in the data folder that holds it otherwise.</summary>
    public const string TokenFile = "admin-token";

    /// <summary>Longer than any answer of the API takes; a server that is stuck is told apart from one that works.</summary>
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly string _startHint;

    private AdminClient(Uri address, string token, string startHint)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = !address.IsLoopback }) { BaseAddress = address, Timeout = _timeout };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        _startHint = startHint;
    }

    /// <param name="url">Null: the server of the data folder.</param>
    /// <param name="dataDirectory">Where the server keeps its address and token.</param>
    /// <param name="environment">Looks an environment variable up.</param>
    /// <exception cref="CommandFailure">No address, or no token.</exception>
    public static AdminClient Open(string? url, string dataDirectory, Func<string, string?> environment)
    {
        var token = environment(TokenVariable);
        if (url is not null)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var given) || given.Scheme is not ("http" or "https"))
            {
                throw new CommandFailure($"'{url}' is not a server's address; write one such as http://127.0.0.1:8080.", ExitCodes.Usage);
            }
            // The token of a data folder belongs to its own server: it is sent nowhere else.
            return string.IsNullOrEmpty(token)
                ? throw new CommandFailure($"With --url the admin token is taken from {TokenVariable}, which is not set.", ExitCodes.Usage)
                : new AdminClient(given, token, $"Is the address right? No server answers at {given.GetLeftPart(UriPartial.Authority)}.");
        }
        var hint = $"No server runs on the data folder '{dataDirectory}'. Start one with: podvirt serve --data {dataDirectory}";
        var server = ServerFile.Read(dataDirectory) ?? throw new CommandFailure(hint);
        var tokenPath = Path.Combine(dataDirectory, TokenFile);
        if (string.IsNullOrEmpty(token))
        {
            token = File.Exists(tokenPath)
                ? File.ReadAllText(tokenPath).Trim()
                : throw new CommandFailure($"The server was started with its own {TokenVariable}: set the same value here.");
        }
        return new AdminClient(new Uri(server.Address), token, hint);
    }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        ReadJsonAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    public Task<JsonElement> PostAsync<T>(string path, T body, CancellationToken cancellationToken) =>
        ReadJsonAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) }, cancellationToken);

    public Task<JsonElement> PatchAsync<T>(string path, T body, CancellationToken cancellationToken) =>
        ReadJsonAsync(new HttpRequestMessage(HttpMethod.Patch, path) { Content = JsonContent.Create(body) }, cancellationToken);

    public Task<JsonElement> PostTextAsync(string path, string body, string contentType, CancellationToken cancellationToken) =>
        ReadJsonAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, contentType) }, cancellationToken);

    /// <summary>Passes a text on as it comes, until the server ends it or this is cancelled.</summary>
    public async Task CopyTextAsync(string path, TextWriter target, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        var part = new char[4096];
        try
        {
            int length;
            while ((length = await reader.ReadAsync(part, cancellationToken)) > 0)
            {
                await target.WriteAsync(part.AsMemory(0, length), cancellationToken);
                await target.FlushAsync(cancellationToken);
            }
        }
        catch (IOException error)
        {
            throw new CommandFailure($"The server broke off: {error.Message}");
        }
    }

    /// <summary>The lines of an answer as they come, each a JSON object.</summary>
    public async IAsyncEnumerable<JsonElement> ReadLinesAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await ReadLineAsync(reader, cancellationToken) is { } line)
        {
            yield return JsonElement.Parse(line);
        }
    }

    public Task<JsonElement> DeleteAsync(string path, CancellationToken cancellationToken) =>
        ReadJsonAsync(new HttpRequestMessage(HttpMethod.Delete, path), cancellationToken);

    public async Task<string> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string?> ReadLineAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (IOException error)
        {
            throw new CommandFailure($"The server broke off: {error.Message}");
        }
    }

    private async Task<JsonElement> ReadJsonAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(request, cancellationToken);
        return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
    {
        HttpResponseMessage response;
        try
        {
            using (request)
            {
                response = await _http.SendAsync(request, completion, cancellationToken);
            }
        }
        catch (Exception error) when (error is SocketException or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError })
        {
            // The bare one: connected, and reset before the first byte, by a server at its end.
            throw new CommandFailure(_startHint);
        }
        catch (HttpRequestException error)
        {
            throw new CommandFailure($"The server's answer could not be read: {error.Message}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailure($"The server did not answer within {_timeout.TotalSeconds:0} seconds.");
        }
        if (response.IsSuccessStatusCode)
        {
            return response;
        }
        using (response)
        {
            throw await RefusalAsync(response, cancellationToken);
        }
    }

    private static async Task<CommandFailure> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return new CommandFailure($"The server does not accept this admin token. If it was started with {TokenVariable}, set the same value here.");
        }
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            var message = JsonElement.Parse(text).GetProperty("error").GetProperty("message").GetString();
            return new CommandFailure(message ?? text);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new CommandFailure($"The server answered {(int)response.StatusCode}: {text}");
        }
    }
}
