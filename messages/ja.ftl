# サービスが問題について述べる文（日本語）。形は en.ftl と同じ: 値が回答の `detail`、`.title` が題名、
# `.help` が `type` の先のページの説明。src/messages.rs に登録されている。

## 問題: リクエスト

problem-invalid-json = { $lines ->
        [one] JSON ではありません（{ $column } 文字目）: { $reason }。
       *[many] JSON ではありません（{ $line } 行 { $column } 文字目）: { $reason }。
    }
    .title = 本文が正しい JSON ではありません
    .help = 本文を UTF-8 の JSON（RFC 8259）として読めませんでした。detail は読み取りが止まった行と文字の位置を示します。何も保存されていません。本文を直して送り直してください。
problem-invalid-input = { $count ->
        [100] リクエストの非常に多くの箇所が正しくありません。`errors` には、見つかった最初の 100 か所を示します。
       *[other] リクエストの { $count } か所が正しくありません。`errors` にすべて示します。
    }
    .title = リクエストが正しくありません
    .help = リクエストの一部が API の規則に反しています。`errors` はすべてを一度に示します: `pointer` は本文内の位置（JSON Pointer、RFC 6901）、`parameter` はクエリパラメーターまたはヘッダーの名前、`code` は規則（変わりません）、`detail` は直し方です。何も保存されていません。
problem-request-timeout = 本文が { $seconds } 秒以内に届きませんでした。
    .title = リクエストの到着に時間がかかりすぎました
    .help = サービスが本文を待つ時間には限りがあります。何も保存されていません。より安定した回線で、または小さく分けて送り直してください。
problem-upload-stalled = { $seconds } 秒間にアップロードが { $bytes } バイトも届きませんでした。
    .title = アップロードが止まりました
    .help = アップロードは遅くてもかまいませんが、届き続ける必要があります。何も保存されていません。より安定した回線で送り直してください。同じ Idempotency-Key を使えば二重に保存されることはありません。
problem-invalid-multipart = フォームを読めません: { $reason }。
    .title = フォームを読めません
    .help = 本文が完全な multipart/form-data（RFC 7578）ではないか、終わる前に接続が切れました。何も保存されていません。
problem-payload-too-large = 本文が { $limit } バイトを超えています。
    .title = 本文が大きすぎます
    .help = 本文の大きさは detail に示すバイト数までです。何も保存されていません。
problem-unsupported-media-type = 本文は次のいずれかでなければなりません: { $accepted }
    .title = 本文のメディアタイプに対応していません
    .help = Content-Type がないか、この操作では受け付けないものです。detail に受け付けるものを示します。PATCH では application/merge-patch+json（RFC 7396）と application/json-patch+json（RFC 6902）で、`Accept-Patch` でも分かります。
problem-unsupported-file-type = この種類のファイルは受け付けません。受け付けるもの: { $accepted }
    .title = 受け付けない種類のファイルです
    .help = ファイルの種類は、その部分のメディアタイプと名前の末尾で判断します。HTML、SVG、スクリプトなど、ブラウザーやコンピューターが実行するものは受け付けません。何も保存されていません。
problem-file-type-mismatch = ファイルの内容が { $media_type } ではありません。
    .title = ファイルの内容が別の種類です
    .help = ファイルの先頭が、そのメディアタイプと名前のものと一致しません。何も保存されていません。正しい名前とメディアタイプで送ってください。
problem-range-not-satisfiable = ファイルは { $size } バイトです。求められた範囲には何もありません。
    .title = 範囲がファイルの外です
    .help = Range がファイルの終わりより後を求めています（RFC 9110、14.2）。Content-Range が大きさを示します。すでに全部取得していれば、これ以上は不要です。
problem-unsupported-content-encoding = 本文は Content-Encoding なしで送ってください。
    .title = 圧縮された本文には対応していません
    .help = 圧縮された本文には、はるかに大きな本文が隠れていることがあるため、そのままの本文だけを受け付けます。Content-Encoding を付けずに送ってください。回答は圧縮されることがあります。
problem-not-acceptable = 次の形式で回答できます: { $available }
    .title = 回答できる形式がありません
    .help = Accept（または `format` パラメーター）に、この回答ができるメディアタイプがありません。detail に可能なものを示します。
problem-method-not-allowed = このパスが受け付けるメソッド: { $allowed }
    .title = このメソッドは使えません
    .help = パスはありますが、このメソッドは使えません。回答の Allow に使えるメソッドを示します。

## 問題: 利用者

problem-unauthenticated = アクセストークンが必要です。`Authorization: Bearer …` を送ってください。
    .title = サインインしてください
    .help = この操作は匿名では使えません。POST /v1/sessions でトークンを取得し、Authorization に `Bearer` に続けて送ってください。
problem-invalid-token = アクセストークンが無効か、期限切れか、取り消されています。/oauth/token で更新するか、サインインし直してください。
    .title = アクセストークンが無効です
    .help = アクセストークンの有効期間は 10 分で、セッションやアカウントが終わると直ちに無効になります。リフレッシュトークンを使って /oauth/token（grant_type=refresh_token）で更新するか、サインインし直してください。
problem-invalid-credentials = メールアドレスまたはパスワードが違います。
    .title = サインインできませんでした
    .help = このメールアドレスとパスワードの組は、有効なアカウントのものではありません。安全のため、どちらが違う場合も同じ回答です。
problem-invalid-grant = リフレッシュトークンが無効か、期限切れか、使用済みか、別の `client_id` のものです。
    .title = リフレッシュトークンが無効です
    .help = リフレッシュトークンは一度だけ使えます。更新のたびに次のものが渡されます。二度使われると、他人が持っているおそれがあるため、セッション全体が終わります。サインインし直してください。アプリケーションは更新のたびに自分の `client_id` を送ります。
problem-invalid-code = コードが無効か、期限切れか、使用済みか、`client_id`・`redirect_uri`・`code_verifier` のいずれかがコードに対応するものではありません。
    .title = コードが無効です
    .help = 認可コードは、渡されたアプリケーションが 1 分以内に一度だけトークンと交換できます。`client_id` と `redirect_uri` は /oauth/authorize と同じもの、`code_verifier` はその SHA-256 を `code_challenge` として送ったもの（RFC 7636）でなければなりません。コードが二度示されると、他人が持っているおそれがあるため、それで始まったセッションが終わります。利用者をもう一度 /oauth/authorize へ導いてください。
problem-foreign-page = このフォームは別のサイトのページから送信されました。
    .title = このサービスのページでサインインしてください
    .help = 他のページがパスワードを試したり、誰かをサインインさせたりできないように、サインインのフォームはこのサービス自身のページからのものだけを受け付けます。ページを開き直し、そこで入力してください。
problem-unsupported-grant-type = `grant_type` は authorization_code、client_credentials、refresh_token のいずれかでなければなりません。
    .title = この認可方式（grant_type）には対応していません
    .help = /oauth/token はフォームを受け取ります。機械クライアントは `grant_type=client_credentials` に ID とシークレットを添えて（RFC 6749、4.4 節）、利用者がサインインしたアプリケーションは `grant_type=authorization_code` と `code` を（4.1.3 節）、利用者のトークンを更新するときは `grant_type=refresh_token` と `refresh_token` を送ってください（6 節）。
problem-invalid-scope = 認められているスコープ: { $granted }
    .title = このスコープは認められていません
    .help = `scope` には、クライアント（またはセッション）に認められたスコープだけを空白で区切って書いてください。省略すると、認められたすべてになります。
problem-foreign-token = このトークンは他者に渡されたものです。
    .title = あなたのトークンではありません
    .help = 機械クライアントが取り消せるのは自分のトークンだけです。利用者のトークンは、クライアントの ID とシークレットを付けずに、それを持つ人が取り消します。
problem-invalid-client = クライアントが存在しないか、停止されているか、シークレットが違います。
    .title = クライアントを認証できませんでした
    .help = 機械クライアントは、ID とシークレットをそれぞれフォームの形式で符号化して `Authorization: Basic` で送るか（RFC 6749、2.3.1 節）、フォームの `client_id` と `client_secret` で認証します。置き換えられたシークレットはあと一日使えます。
problem-insufficient-scope = スコープ { $scope } を持つトークンが必要です。
    .title = トークンのスコープが足りません
    .help = 機械クライアントにできるのは、その役割とトークンのスコープがともに認めることだけです。このスコープのトークンを求めてください。クライアントに認められていない場合は、その都市の利用者が /clients で認めることができます。アプリケーションにできるのは、利用者の役割とアプリケーションのスコープがともに認めることだけです。足りない場合は管理者が /applications で認め、利用者がサインインし直します。
problem-not-for-clients = この操作は、機械クライアントにも、アプリケーションにも、スコープを狭めて求められた個人のトークンにも開かれていません。
    .title = 機械クライアントとアプリケーションには使えません
    .help = アカウント、セッション、機械クライアント、監査記録は人だけが扱います。どのスコープでも開かれません。個人はアプリケーションを通さずにサインインし（POST /sessions、または Swagger UI）、`scope` を付けずにトークンを更新してください。
problem-too-many-secrets = すでに { $limit } 個のシークレットがあります。
    .title = シークレットが多すぎます
    .help = 置き換えられたシークレットもしばらくは使え、クライアントやウェブフックが同時に持てるのは十個までです。使わなくなったものを終わらせてください: DELETE /clients/…/secrets/… または /webhooks/…/secrets/…。
problem-last-secret = これは期限のない最後のシークレットです。これがなくなると、配信に署名できなくなります。
    .title = 署名に使うシークレットがなくなります
    .help = 先に新しいシークレットを作り（POST /webhooks/…/secrets）、受信側に設定してから、このシークレットを終わらせてください。
problem-too-many-webhooks = すでに { $limit } 個のウェブフックがあります。
    .title = ウェブフックが多すぎます
    .help = 一つの都市、またはプログラムが持てるウェブフックは二十個までです。使わなくなったものを削除するか、一つのウェブフックでより多くを知らせてください: `types` と `cities` にはそれぞれ複数の値を指定できます。
problem-webhook-off = このウェブフックは停止しています。
    .title = ウェブフックが停止しています
    .help = 停止しているウェブフックはテスト以外を送りません。停止の理由は `off_because` にあります。PATCH で `active: true` にすると再開し、失敗したものは自動的に再送されます。
problem-forbidden = { $city ->
        [none] あなたの役割（{ $role }）では、ここでこの操作はできません。
       *[other] あなたの役割（{ $role }）または都市（{ $city }）では、ここでこの操作はできません。都市が書き込めるのは自分の都市のものです。
    }
    .title = 許可されていません
    .help = トークンは有効で、対象を見ることもできますが、あなたの役割にはこの操作の権利がありません。都市の利用者は自分の都市のものを、事務局の管理者はプログラム自体の記録を書きます。
problem-not-asked = 共同行動の `with` に挙げられた都市の利用者だけが回答できます。管理者も含め、ほかの誰もその都市に代わって回答できません。
    .title = あなたの都市は尋ねられていません
    .help = 計画を見ることはできますが、この共同行動はあなたの都市を挙げていません。同意は `with` にある都市の利用者が行います。
problem-too-many-sign-ins = サインインの失敗が多すぎます。{ $seconds } 秒待ってからやり直してください。
    .title = サインインの失敗が多すぎます
    .help = 失敗が続くと、アカウントごと、アドレスごとにサインインが制限されます。待つ時間は Retry-After に示します。
problem-too-many-requests = リクエストが多すぎます。{ $seconds } 秒待ってからやり直してください。
    .title = リクエストが多すぎます
    .help = 一定時間に送れるリクエストの数には限りがあります。残りは RateLimit、待つ時間は Retry-After に示します。
problem-too-many-uploads = 多くのアップロードが進行中です。しばらくしてからやり直してください。
    .title = 同時のアップロードが多すぎます
    .help = 同時に行えるアップロードは、アカウントごとに 4 つ、サービスの各インスタンスで 16 までです。いずれかが終わるまで待ってください。
problem-too-many-exports = 多くのエクスポートが進行中です。しばらくしてからやり直してください。
    .title = 同時のエクスポートが多すぎます
    .help = サービスの各インスタンスが同時に行えるエクスポートのうち、一人の利用者が使えるのは半分までです。一つを最後まで読んでから次を始め、読まなくなったものは閉じてください。

## 問題: 対象

problem-not-found = ここには何もないか、あなたが知ることのできるものがありません。
    .title = 見つかりません
    .help = 存在しないか、削除されたか、他者だけのものです。いずれの場合も回答は同じです。
problem-no-such-path = このパスの操作はありません。すべての操作は /openapi.json の OpenAPI 文書にあります。
    .title = パスがありません
    .help = URL のパスは API のものではありません。/openapi.json または /docs で綴りを確かめてください。リソースはすべて /v1 の下にあります。
problem-precondition-required = 誰の編集も失われないように、読んだときの ETag を `If-Match` で送ってください。
    .title = If-Match が必要です
    .help = 既存のものの変更は条件付きです（RFC 6585、3 節）。リソースを読み、その ETag を If-Match で送り返してください。その間に誰かが変更していれば、上書きせずに 412 になります。意図して上書きするには `If-Match: *` を使います。
problem-cursor-expired = このカーソルの先の変更は保存期間を過ぎたか、バックアップの復元により失われました。`exports` にあるエクスポートからやり直してください。
    .title = カーソルの有効期限が切れています
    .help = 変更フィードのカーソルは 400 日間有効で、バックアップが復元された時にも失効します。それ以降の変更を一件ずつ伝えることはできません。`exports` にあるエクスポート（application/x-ndjson）を読み、手元の写しと置き換え、最後の行にあるカーソルから続けてください。複数を読む場合は、最初に読んだもののカーソルを使います。そうすれば漏れはありません。
problem-precondition-failed = { $state ->
        [absent] ここにはまだ何もなく、If-Match は既にあるものだけを置き換えます。作成する場合は If-Match を外してください。
        [unquoted] ETag は引用符で囲まれており、引用符も ETag の一部です。回答にあったとおりに送ってください。現在は { $etag } です。
        [present] 既に存在し、If-None-Match: * は存在しないものだけを作成します。現在は { $etag } です。
       *[changed] あなたが読んだ後に変更されました。現在は { $etag } です。
    }
    .title = リソースが変更されています
    .help = どの条件が満たされていないかは `detail` にあります。多くの場合、If-Match の ETag は現在のものではありません。その間に誰かが書き込みました。何も保存されていません。リソースを読み直し、現在の内容に変更を加え、この回答にもある新しい ETag とともに送ってください。行動計画で、送った ETag がその版の一つである場合は、`conflicts` に、あなたと他の人がそれぞれ別の値に変えた項目を、元の値（`base`）、送った値（`yours`）、保存されている値（`theirs`）とともに示します。`merge` は残りの変更を JSON Merge Patch にしたもので、新しい ETag とともに送れます。`Prefer: conflict=merge` を付けると、衝突がなければ両方の変更がまとめて保存されます。
problem-bulk-undone = 別の行を保存できなかったため、この行も保存されていません。
    .title = リクエスト全体が保存されていません
    .help = `atomic=true` では、すべての行が保存されるか、一行も保存されないかのどちらかです。少なくとも一行が保存できず、その理由はその行の結果に示されています。直したうえで、すべての行をもう一度送ってください。何も保存されていません。
problem-already-exists = `{ $field }` が同じものがすでにあります。
    .title = すでにあります
    .help = 重複してはならない値を、別のリソースがすでに持っています。`errors` に項目を示します。何も保存されていません。
problem-id-used-before = この ID は、すでに削除されたものが使っていました。ID が再び使われることはありません。
    .title = 以前使われた ID です
    .help = リンクが別のものを指すことのないように、名前から成る ID は再利用されません。別の ID を選んでください。
problem-still-referenced = ほかのものが、これを、またはこの変更でなくなる部分を、まだ参照しています。
    .title = まだ使われています
    .help = ほかのリソースが、これ、またはなくなる部分を参照しています。先にそれらを変更または削除してください。行動計画のいずれかの版が出典として挙げたものは、その計画があるかぎり残ります。`errors` と `referenced_by` に、参照しているものを種類ごとに示します。閲覧できないものについては、それがあることだけを示します。
problem-template-in-use = このテンプレートに沿った行動計画があるため、その節は、ヒントのほかは変更できません。別の節をもつ新しいテンプレートを作ってください。
    .title = テンプレートは使用中です
    .help = 計画は、書き始めたときのテンプレートのままです。計画が指しているテンプレートの節は変更できず、変更できるのはヒントと名前だけです。希望する節をもつ新しいテンプレートを作ってください（POST /templates）。テンプレートを指定せずにこれから始める計画は、そのプログラムの最も新しいテンプレートに沿います。何も保存されていません。
problem-cited-as-source = 計画はこの学びを出典に挙げているので、不採用とすることはできません。
    .title = 計画がこの学びを出典に挙げています
    .help = 計画は、学びを出典に挙げて採用するか、理由を付けて不採用とするかのどちらかです。先に計画から出典を外してください。何も保存されていません。
problem-transition-not-possible = 計画の現在の状態は「{ $status }」で、「{ $to }」にはできません。ここから可能なもの: { $possible }
    .title = この状態には移れません
    .help = 計画の状態は決まった道筋でだけ変わります。作成中または差し戻しの計画は提出でき、提出済みの計画は差し戻すか承認でき、いずれも取り下げることができ、取り下げた計画は作成中に戻して再開できます。detail に現在の状態と可能な行き先を示します。何も保存されていません。
problem-plan-incomplete = { $count } か所が欠けています。`errors` にすべて示します。
    .title = 計画が完成していません
    .help = 計画は、テンプレートが求めるものがすべてそろったときにだけ、提出・承認でき、提出されたままでいられます。`errors` は欠けている部分をそれぞれ JSON Pointer で示します。計画のパスに /validation を付けると、いつでも同じことが分かります。欠けているものを書いてください。提出した計画を自由に直すには、先に取り下げるか、差し戻してもらってください。何も保存されていません。
problem-indicator-measured = 測定値のある指標は、同じキーと単位のまま計画に残ります。`errors` に該当する指標を示します。
    .title = 指標には測定値があります
    .help = 測定値は指標のキーで結び付けられ、その単位で示されます。そのため、測定値のある指標は計画から取り除けず、キーや単位も変更できません。名称、基準値、目標値は変更できます。計画全体を置き換える本文にも、その指標を `key` とともに含めてください。何も保存されていません。
problem-not-restorable = 版 { $version } はそのままでは復元できません。もう成り立たない部分が { $count } か所あり、`errors` に示します。その版を取得し、該当箇所を直して、計画を置き換えてください。
    .title = この版は復元できません
    .help = 版の復元は、置き換えと同じ検査を受けます。その版が書かれた後に、出典などその版が指すものが削除されたり閲覧できなくなったり、都市がペアリングを離れたりした可能性があります。`errors` はその版での位置を示します。GET で取得し、該当箇所を取り除くか直して、PUT で送ってください。何も保存されていません。
problem-plan-withdrawn = 計画は取り下げられています。先に再開してください。
    .title = 計画は取り下げられています
    .help = 取り下げた計画は編集できません。提案都市または管理者が、作成中（draft）への遷移で再開します。何も保存されていません。
problem-joint-plan = この計画は { $others } の計画でもあります。取り下げるか、提案都市から自分の都市を外してください。
    .title = 複数の都市の計画は一つの都市では削除できません
    .help = 複数の都市が作成した計画を削除できるのはプログラム事務局だけです。提案都市は遷移によって計画を取り下げることができ、どの提案都市もそれを再開できます。計画から抜けるには、`proponents` から自分の都市を外して PATCH してください。何も保存されていません。
problem-plan-not-submitted = 計画の現在の状態は「{ $status }」です。都市は、提出済みの計画に同意します。
    .title = 計画は提出済みではありません
    .help = 共同行動に挙げられた都市は、計画が提出されている間に、受け入れるか断るかを回答します。そのときの文が、プログラムが承認するものになります。何も保存されていません。
problem-comments-closed = あなたの都市がこの計画にコメントできるのは、計画がペアリングの都市に提出されている間だけです。
    .title = この計画は現在、あなたの都市のコメントを受け付けていません
    .help = ペアリングの相手都市は、計画が提出されている間にコメントします。その後も、自分が発言したスレッドを読むことができ、自分の発言を修正、解決、削除できます。何も保存されていません。
problem-consent-missing = { $count } 件の同意がありません。`errors` にすべて示します。
    .title = 同意がありません
    .help = 計画は、その共同行動に挙げられたすべての都市が現在の文に同意したときに承認されます。`errors` に、未回答または断られた同意を示します。何も保存されていません。
problem-guideline = プログラムの実施要領により認められません。`errors` にそれぞれ示します。
    .title = 実施要領に反しています
    .help = 入力は正しいのですが、これでは視察がプログラムの実施要領に合いません。`/tours/{"{id}"}/checks` で各項目の状況が分かります。一部は、管理者が理由を付けて免除できます。
problem-patch-conflict = JSON Patch を現在の状態に適用できません。`errors` に操作を示します。
    .title = JSON Patch を適用できません
    .help = JSON Patch（RFC 6902）の操作が存在しない場所を指しているか、`test` が失敗しました。操作はすべて適用されるか、一つも適用されないかです。何も保存されていません。
problem-idempotency-in-flight = 同じ Idempotency-Key のリクエストがまだ処理中です。少し待ってからもう一度送ってください。
    .title = 同じリクエストが処理中です
    .help = 同じ Idempotency-Key のリクエストが同時に処理されることはありません。もう一度送れば、最初のものが終わり次第その回答が得られます。
problem-idempotency-key-reused = この Idempotency-Key は別のリクエストに使われました。新しいリクエストには新しいキーを使ってください。
    .title = Idempotency-Key が別のリクエストに使われています
    .help = キーは 24 時間、一つのリクエスト（同じメソッド、パス、本文）を表します。繰り返すと最初の回答が再び得られます。それ以外には別のキーが必要です。

## 問題: サービス

problem-internal = サービス側で問題が起きました。繰り返す場合はリクエスト ID をお知らせください。
    .title = 内部エラー
    .help = サービスが想定していないことに出会い、回答のリクエスト ID で記録しました。何も保存されていません。Idempotency-Key または If-Match を付ければ、安全に繰り返せます。
problem-unavailable = 現在データベースに接続できません。しばらくしてからやり直してください。
    .title = 一時的に利用できません
    .help = データベースに接続できないか、混み合っています。何も保存されていません。待つ時間は Retry-After に示します。
problem-files-unavailable = 現在ファイルを利用できません。しばらくしてからやり直してください。
    .title = ファイルが一時的に利用できません
    .help = ファイルの保管先に接続できないか、アップロードに時間がかかりすぎました。何も保存されていません。待つ時間は Retry-After に示します。
problem-overloaded = 大きなリクエストが同時に多数届いています。しばらくしてからやり直してください。
    .title = 過負荷
    .help = 読み込みと保存に使えるメモリーがすべて使われています。小さなリクエストは受け付けています。何も保存されていません。待つ時間は Retry-After に示します。
problem-busy = ほかの利用者が同じものを書いています。もう一度送ってください。
    .title = 混み合っています
    .help = 同じ場所でほかの変更と続けて重なったか、待ち時間が長くなりすぎました。何も保存されていません。もう一度送ってください。
problem-timeout = サービスの制限時間を超えました。
    .title = 時間切れ
    .help = リクエストは制限時間で打ち切られました。読み取りはそのまま繰り返せます。書き込みは保存されたかどうか分からないので、同じ Idempotency-Key または If-Match で繰り返してください。
problem-outcome-unknown = 変更の確定中にデータベースとの接続が切れました。同じ Idempotency-Key でもう一度送ってください。
    .title = 結果が分かりません
    .help = 変更が保存されたかどうか分かりません。同じ Idempotency-Key で繰り返してください。保存されていればその回答が得られ、されていなければ今度保存されます。同じ If-Match で繰り返して 412 になれば、保存されていたか、ほかの人が変更したかのどちらかです。二重に保存されることはありません。

## 誤り: 入力の一部

fault-required = 必須です。
fault-unknown-field = この名前の項目はありません。
fault-unknown-parameter = この操作にこの名前のパラメーターはありません。
fault-repeated-parameter = このパラメーターは一度だけ指定できます。
fault-malformed-header = ヘッダーの形式が違います。正しい形式: { $expected }
fault-wrong-type = 型が違います。正しい型: { $expected }
fault-not-allowed-value = 次のいずれかでなければなりません: { $allowed }
fault-too-long = { $limit } 文字以内でなければなりません。
fault-too-short = { $limit } 文字以上でなければなりません。
fault-too-many = { $limit } 件以内でなければなりません。
fault-too-few = { $limit } 件以上でなければなりません。
fault-too-large = { $limit } 以下でなければなりません。
fault-too-small = { $limit } 以上でなければなりません。
fault-not-unique = 同じものが二つあります。
fault-pattern = 形式 { $pattern } に合っていなければなりません。
fault-slug = exchange-meeting-3 のように、英小文字と数字の語をハイフンでつないだものでなければなりません。
fault-format = 形式が違います。正しい形式: { $expected }
fault-edtf = 日付（EDTF）として正しくありません。{ $reason }
fault-no-words = 検索する語（文字または数字）がありません。
fault-blank = 空白以外の文字が必要です。
fault-control-character = 文字 U+{ $codepoint } は使えません。
fault-invisible-character = 目に見えない文字 U+{ $codepoint } が入っています。見た目が同じで別の名前になるため、取り除いてください。
fault-too-deep = { $limit } 段より深い入れ子です。
fault-not-in-export = エクスポートはすべての項目を ID の順に含みます。これを外すか、ページで取得してください。
fault-not-in-format = この表現形式では意味を持ちません。これを外すか、別の `format` を指定してください。
fault-not-json = { problem-invalid-json }
fault-duplicate-name = このオブジェクトに同じ名前が二つあります。
fault-long-name = 名前が { $limit } バイトを超える項目があります。
fault-read-only = サービスが設定する項目です。省くか、保存されている値を送ってください。
fault-immutable = 作成後は変更できません。
fault-not-yours = ほかの都市またはプログラムのものなので、あなたは変更できません。
fault-not-partner = { $id } またはあなたの都市は、ここで指定されたペアリングの都市ではありません。
fault-unknown-reference = ID が { $id } の{ $kind }はありません。
fault-wrong-side = { $id } は相手側の都市です。
fault-side-country = jp 側の国は JP、eu 側はそれ以外でなければなりません。
fault-both-sides = 同じ都市が両側にあります。
fault-not-in-pairing = { $id } はペアリング { $pairing } に属していません。
fault-not-in-meeting = { $id } は会合 { $meeting } に参加していません。
fault-same-side = 視察先は相手側の都市でなければなりません。
fault-id-not-derivable = 名前から ID を作れません。英小文字と数字の語をハイフンでつないだ ID を指定してください。
fault-already-used = すでに使われています。
fault-not-registered = このアドレスはアプリケーションに登録されていません。登録されたとおりに、一字一句同じものを送ってください。
fault-not-in-bulk = ここでは使えません。すでに保存されているものは、リクエストを繰り返しても変わりません。
fault-repeated-reference = すでに { $line } 行目にあります。
fault-too-many-lines = すべてを保存するか何も保存しないリクエストは { $limit } 行までです。この行から後は読まれていません。
fault-ambiguous-reference = { $cities } のシステムで複数のものを指しています。そのうちの一つの都市を指定してください。
fault-not-of-city = { $city } がその都市の一つでなければなりません。
fault-dangling-reference = 存在しないもの、または必要な場所にないものを指しています。
fault-referenced-by = { $id ->
        [not_known] { $kind }がまだ参照しています。
       *[other] { $kind } { $id } がまだ参照しています。
    }
fault-referenced-by-hidden = あなたが閲覧できないものが、まだ参照しています。
fault-unknown-time-zone = Asia/Tokyo のような、IANA データベースのタイムゾーンでなければなりません。
fault-unknown-currency = EUR や JPY のような、現在使われている通貨のコード（ISO 4217）でなければなりません。
fault-too-many-decimals = { $currency } の金額の小数は { $limit } 桁までです。
fault-min-above-max = 最小値は最大値を超えてはなりません。
fault-ends-before-start = 終わりは始まりより前であってはなりません。
fault-day-outside = 視察の期間内でなければなりません: { $when }
fault-not-on-day = { $zone } の時刻では { $local } で、{ $day } ではありません。
fault-too-many-funded = プログラムが費用を負担する参加者は { $limit } 人までです。
fault-tour-too-short = 確定した視察には丸 { $limit } 日以上が必要です。
fault-too-many-delegates = 視察の参加者は { $limit } 人までです。
fault-counted-delegates = { $number } 以上でなければなりません。視察の参加者として、その人数が登録されています。
fault-delegates-forgotten = 視察が終わってから { $months } か月を過ぎたため、参加者の情報は消去され、新たに登録できません。人数は視察に記録します。
fault-not-waivable = これは免除できません。
fault-too-few-funded = 確定した視察には、プログラムが費用を負担する参加者が { $limit } 人以上必要です。
fault-city-role = 都市の利用者は一つの都市に属し、管理者はどの都市にも属しません。
fault-programme-scope = スコープ admin は、都市に属さないプログラムのクライアントのためのものです。
fault-target-url = ユーザー名・パスワード・フラグメントを含まない https の URL で、ポートは 443 または 1024 以上でなければなりません。
fault-target-address = 配信先は公共のインターネット上のアドレスに限られます。サービス自身のマシン、プライベートネットワーク、予約されたアドレス、*.local などの名前には送りません。
fault-duplicate-key = キー { $key } が二つあります。
fault-unknown-sdg = 目標またはターゲット { $id } はありません。
fault-revision-alone = 改訂する計画を示すのは改訂版だけです。`"kind": "revision"` とするか、これを省いてください。
fault-revised-plan-unnamed = どの計画を改訂するのかを、名称（title）、URL（url）、またはここでの ID（plan）で示してください。
fault-revises-itself = 計画は自分自身を改訂できません。以前の計画を示してください。
fault-with-itself = これは計画を作成している都市自身です。共同行動には、同意を求めるほかの都市を示してください。
fault-nothing-there = 計画の版 { $version } では、このポインターの位置に何もありません。一覧の項目は 0 から数えます。
fault-lesson-of-others = この回答の都市 { $city } は計画のペアリングに属していないため、計画が不採用とする対象ではありません。
fault-own-lesson = この回答の都市 { $city } は計画を単独で作成している都市です。不採用とできるのは、ほかの都市の回答についてだけです。
fault-measured-indicator = 指標 { $key } には測定値があるため、このキーのまま計画に残ります。この指標も含めて送ってください。名称、基準値、目標値は変更できます。
fault-measured-unit = 指標 { $key } は単位 { $unit } で測定されているため、単位は変更できません。別の単位には新しい指標を作ってください。
fault-no-earlier-version = 閲覧できるこれより前の版がありません。どの版と比べるかを指定してください。
fault-one-of-both = 二つのうち一つだけを指定してください。
fault-wrong-goal = ターゲット { $code } は目標 { $goal } に属していません。
fault-missing-language = 計画の言語 { $language } の文がありません。
fault-not-template-section = { $field } は行動計画の項目ではありません。
fault-weak-password = { $reason }
fault-cursor = このカーソルは、このサービスのものではないか、別の一覧・絞り込み・順序のものです。カーソルなしで始めてください。
fault-feed-cursor = 変更フィードのカーソルではないか、欠けています。ページ、変更、またはエクスポートの最後の行のものを使ってください。
fault-patch-operation = 操作を適用できません。{ $reason }
fault-consent-missing = { $decision ->
        [declined] { $city } は断りました。
       *[other] { $city } はまだ回答していません。
    }
fault-status-by-transition = 計画の状態は書き込めません。遷移で変わります。
fault-file-ending = この種類のファイルの名前の末尾: { $endings }
fault-digest-mismatch = 届いた内容の SHA-256 が違います: { $found }

## 語: 文の中で使うサービスの語

list-comma = { "、" }
list-or = { "または" }

thing-programme = プログラム
thing-city = 都市
thing-subject = テーマ
thing-pairing = ペアリング
thing-meeting = 会合
thing-tour = 視察
thing-delegate = 視察の参加者
thing-waiver = 実施要領の免除
thing-key-question = 主要な問い
thing-contribution = 会合での回答
thing-decline = 学びの不採用
thing-knowledge = 知識資料
thing-knowledge-item = 知識資料
thing-template = テンプレート
thing-sdg = SDGs の目標
thing-action-plan = 行動計画
thing-comment = コメント
thing-measurement = 測定値
thing-user = 利用者
thing-client = 機械クライアント
thing-application = アプリケーション
thing-webhook = ウェブフック
thing-session = セッション
thing-audit-entry = 監査記録
thing-version = 版

status-draft = 作成中（draft）
status-submitted = 提出済み（submitted）
status-returned = 差し戻し（returned）
status-approved = 承認済み（approved）
status-withdrawn = 取り下げ（withdrawn）

role-anonymous = 匿名
role-eu-city = EU 側の都市の利用者
role-jp-city = 日本側の都市の利用者
role-admin = 管理者

type-null = null
type-boolean = true か false
type-integer = 整数
type-number = 数値
type-string = 文字列
type-array = 配列
type-object = オブジェクト

expected-language-tag = en、ja、pt-BR のような言語タグ（BCP 47）
expected-line = 制御文字や文字の向きを変える文字を含まない一行の文
expected-date-time = 2018-10-11T09:00:00Z のような時刻（RFC 3339）
expected-date = 2018-10-11 のような、実在する日
expected-uuid = 0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f のような UUID
expected-uri = https://www.city.yokohama.lg.jp/ のような絶対 URL
expected-redirect-uri = https://plans.example/signed-in のようにパスがありフラグメントのない https のアドレス（利用者自身のマシンでは http://127.0.0.1/signed-in など）
expected-email = メールアドレス
expected-utf-8 = UTF-8 の文
expected-idempotency-key = 印刷できる ASCII 文字 1 から 255 文字（指定は 1 回だけ）
expected-etag = 回答にあったとおりの、引用符で囲まれた ETag、または *
expected-document = OpenAPI 文書のとおりの形

json-ends-early = 途中で終わっています
json-control-character = 文字列の中に制御文字があります
json-name-expected = 二重引用符で囲んだ名前が必要です
json-more-follows = 終わりの後に余分なものがあります
json-comma-expected = コンマか閉じ括弧が必要です
json-colon-expected = コロンが必要です
json-value-expected = 値が必要です
json-escape = \ に続くエスケープが正しくありません
json-not-unicode = 文字列が正しい Unicode ではありません
json-number = 数値が正しくありません
json-too-deep = 入れ子が深すぎます
json-other = RFC 8259 の規則に反しています

form-no-boundary = Content-Type に boundary がありません
form-unnamed-part = 名前のない部分があります
form-nested = フォームの中にフォームがあります
form-incomplete = 途中で終わっています
form-unreadable = 形の正しくない部分があります

patch-test-failed = そこの値が `test` の値と違います。
patch-nothing-at-path = `path` の位置に何もないか、そこには置けません。
patch-nothing-at-from = `from` の位置に何もありません。
patch-into-itself = 値をそれ自身の中へ移すことはできません。
patch-unreadable = 操作に欠けている項目があるか、位置が JSON Pointer（RFC 6901）ではありません。

edtf-empty = 日付が空です。2018-10-11、2018-10、2018 のように書いてください。
edtf-full-width = 数字と記号は半角です。{ $mended } と書いてください。
edtf-space = 日付に空白は入りません。{ $mended } と書いてください。
edtf-time-of-day = 時刻は含められません。{ $mended } と書いてください。
edtf-end-before-start = 期間の終わりが始まりより前です。{ $mended } と書いてください。
edtf-empty-end = 端を空にはできません。2019/.. のように .. と書いてください。
edtf-both-ends-open = 両端が未定です。2019/.. のように一方には日付を書いてください。
edtf-slashes = 期間の斜線は一つです。2018-10-11/2018-10-12 のように書いてください。
edtf-qualifier = 記号（? 未確定、~ おおよそ、% 両方）は日付の末尾に一つだけ付けます。2020-05~ や 2019~/2020-05? のように書いてください。
edtf-unspecified-digit = 不明な桁（X）は使えません。2019-04-XX は 2019-04、201X は 2010/2019 と書いてください。
edtf-year = 年は先頭に四桁で、0001 から 9999 までで書いてください。
edtf-season = 季節は使えません。{ $mended } のように月で書いてください。
edtf-month = { $month } 月はありません。01 から 12 までで書いてください。
edtf-day = { $month } は { $days } 日までです。{ $month }-01 から { $month }-{ $days } までで書いてください。
edtf-not-a-date = 日付ではありません。日 2018-10-11、月 2018-10、年 2018、またはその二つを斜線でつないで書いてください。

password-too-short = パスワードは 12 文字以上でなければなりません。
password-too-long = パスワードは 256 文字以内でなければなりません。
password-unprintable = パスワードに制御文字は使えません。
password-is-email = メールアドレスをパスワードにすることはできません。
password-common = よく使われるパスワードで、すぐに推測されます。別のものにしてください。
password-predictable = 同じ文字の繰り返しや、キーや数字の並びで、容易に推測されます。別のものにしてください。

sign-in-title = { $name }にサインイン
sign-in-docs = API ドキュメント
sign-in-leads-to = IUC 日本のアカウントを使います。パスワードはこのページの外には渡りません。サインインすると `{ $name }` に移ります。
sign-in-email = メールアドレス
sign-in-password = パスワード
sign-in-rights = サインアウトするまで、このアプリケーションはあなたの名前で次のことを行えます。
sign-in-everything = サインアウトするまで、あなたに認められていることのすべてを、このページがあなたの名前で行えます。
sign-in-submit = サインイン
sign-in-cancel = キャンセル
sign-in-language = 日本語
sign-in-refused = ここではサインインできません
sign-in-refused-help = このページを開いたサイトが、自らを正しく示していません。そのサイトには何も渡していません。運営者に次のことをお伝えください。

scope-read = 閲覧を認められているものを読む
scope-plans-write = 行動計画と、そのコメント・測定値・同意・学びの不採用を書く
scope-contributions-write = 会合での回答を書く
scope-tours-write = 視察とその参加者を書く
scope-knowledge-write = 知識資料を書く
scope-changes-read = 変更を追う
scope-webhooks-write = `changes:read` とともに、変更を知らせるウェブフックを登録する
scope-admin = プログラムの記録を管理する（管理者のみ）

calendar-meeting = IUC 日本：会合
calendar-tour = IUC 日本：視察
tour-in-calendar = { $visiting }から{ $host }への視察

document-status = 状況
document-version = 版
document-pairing = ペアリング
document-revises = 改訂する計画
document-when = 時期
document-responsible = 担当
document-budget = 予算
document-progress = 進捗
document-targets = SDGs ターゲット
document-sources = もとになったもの
document-source-contribution = 会合での回答
document-source-tour = 視察
document-source-meeting = 会合
document-source-knowledge = 知識資料
document-stakeholder = 関係者
document-role = 役割
document-financing = 資金源
document-amount = 金額
document-risk = リスク
document-likelihood = 起こりやすさ（1〜5）
document-impact = 影響の大きさ（1〜5）
document-mitigation = 対策
document-indicator = 指標
document-unit = 単位
document-baseline = 基準値
document-target = 目標値
document-with = 連携する都市
document-consent-pending = 未回答
document-consent-accepted = 参加
document-consent-declined = 不参加
document-untitled = 無題
document-nothing = まだ何も書かれていません。
