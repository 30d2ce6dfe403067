package rules_test
import ("testing";"math/rand";"time";"os";"strings";"encoding/json";"warder/rules";"github.com/moby/profiles/seccomp")
func TestZZStress(t *testing.T){
 var seeds [][]byte
 for _,s:=range everyday {seeds=append(seeds,[]byte(s))}
 b,_:=os.ReadFile("testdata/compute.yaml"); seeds=append(seeds,b,b,b)
 d,_:=json.Marshal(seccomp.DefaultProfile()); seeds=append(seeds,d[:3000],d)
 seeds=append(seeds,[]byte(allowing(noArg, args0+arg("0", "1", "EQ")+","+arg("0", "2", "GT")+"]}", args0+arg("2", "1", "NE")+"]}")))
 frag:=strings.Split("[|]|{|}|: |:|- |\n|\n  |\n    |'|\"|#|&|*|!|%|@|`|~|null|?|, |,|self|0x|-1|O_CREAT|é|\u00a0|\u2028|\\|\\x00|>|<<: |---\n|...\n|\t|\r|\r\n|call: read|when: |{mask: 3, eq: 1}|probe: [/a]|in: [1, 2]|stage: main|arg0: 5|18446744073709551615|1e5|.inf|=|>-\n  x|'||'\n","|")
 r:=rand.New(rand.NewSource(time.Now().UnixNano()))
 end:=time.Now().Add(60*time.Second); n,ok,pan:=0,0,0
 for time.Now().Before(end){
  s:=append([]byte(nil),seeds[r.Intn(len(seeds))]...)
  for k:=r.Intn(4)+1;k>0;k--{
   i:=r.Intn(len(s)+1)
   switch r.Intn(5){
   case 0: j:=i+r.Intn(min(20,len(s)-i)+1); s=append(s[:i:i],s[j:]...)
   case 1,2: f:=frag[r.Intn(len(frag))]; s=append(s[:i:i],append([]byte(f),s[i:]...)...)
   case 3: j:=i+r.Intn(len(s)-i+1); c:=s[i:j]; l:=r.Intn(len(s)+1); s=append(s[:l:l],append(append([]byte(nil),c...),s[l:]...)...)
   case 4: if i<len(s){s[i]=byte(r.Intn(128))}
   }
  }
  n++
  t0:=time.Now()
  p,err:=rules.Parse("p",s,rules.ParseOptions{Kernel:[2]int{6,18}})
  if dt:=time.Since(t0); dt>300*time.Millisecond {t.Logf("slow %v %d bytes",dt,len(s)); os.WriteFile("/tmp/slow",s,0o644)}
  if err!=nil { if strings.Contains(err.Error(),"in full"){pan++; if pan<5 {t.Logf("%q %v",s[:min(300,len(s))],err)}}
    for _,l:=range strings.Split(err.Error(),"\n"){ if !strings.HasPrefix(l,"p:"){t.Logf("odd line %q",l)}}
    continue}
  ok++
  p.Warnings()
  sameAgain(t,p)
 }
 t.Log(n,ok,pan)
}
